# As much of Buildroot as one package sees: it stands where package/Makefile.in, pkg-generic.mk and pkg-cargo.mk do.

INSTALL = install
TAR = tar
TAR_OPTIONS = -xf
ZCAT = gzip -d -c
RUSTC_TARGET_NAME = armv7-unknown-linux-gnueabihf
TARGET_MAKE_ENV = A=a
TARGET_CONFIGURE_OPTS = B=b
PKG_CARGO_ENV = C=c
BUILD_DIR = $(OUT)/build
STAGING_DIR = $(OUT)/staging
TARGET_DIR = $(OUT)/target
FIREPUSH_PKGDIR = $(BR2_EXTERNAL_FIREPUSH_PATH)/package/firepush
FIREPUSH_DL_DIR = $(OUT)/dl
cargo-package =

include $(BR2_EXTERNAL_FIREPUSH_PATH)/external.mk

D = $(BUILD_DIR)/firepush-$(FIREPUSH_VERSION)

$(D)/.extracted:
	mkdir -p $(@D)
	$(FIREPUSH_EXTRACT_CMDS)

$(D)/.built: $(D)/.extracted
	cd $(@D) && cargo build $(FIREPUSH_CARGO_BUILD_OPTS)
	$(foreach hook,$(FIREPUSH_POST_BUILD_HOOKS),$($(hook)))

$(D)/.installed: $(D)/.built
	$(if $(FIREPUSH_INSTALL_STAGING),$(FIREPUSH_INSTALL_STAGING_CMDS))
	$(FIREPUSH_INSTALL_TARGET_CMDS)
	$(FIREPUSH_INSTALL_INIT_$(INIT))

install: $(D)/.installed

show:
	@echo $(FIREPUSH_VERSION) $(FIREPUSH_SITE)/$(FIREPUSH_SOURCE)
	@echo $(FIREPUSH_LICENSE): $(FIREPUSH_LICENSE_FILES)
