################################################################################
#
# firepush
#
################################################################################

FIREPUSH_VERSION = 0.1.0
FIREPUSH_SOURCE = firepush-$(FIREPUSH_VERSION).crate
FIREPUSH_SITE = https://static.crates.io/crates/firepush
FIREPUSH_LICENSE = MIT or Apache-2.0
FIREPUSH_LICENSE_FILES = LICENSE-APACHE LICENSE-MIT

FIREPUSH_FEATURES = --no-default-features
FIREPUSH_PROFILE = $(if $(BR2_ENABLE_DEBUG),debug,release)
FIREPUSH_BUILT = $(@D)/target/$(RUSTC_TARGET_NAME)/$(FIREPUSH_PROFILE)

ifeq ($(BR2_PACKAGE_FIREPUSH_DOCTOR),y)
FIREPUSH_FEATURES += --features doctor
endif

ifeq ($(BR2_PACKAGE_FIREPUSH_EXTERNAL),y)
FIREPUSH_FEATURES += --features external
endif

ifeq ($(BR2_PACKAGE_FIREPUSH_GZIP),y)
FIREPUSH_FEATURES += --features gzip
endif

ifeq ($(BR2_PACKAGE_FIREPUSH_INTL),y)
FIREPUSH_FEATURES += --features intl
endif

ifeq ($(BR2_PACKAGE_FIREPUSH_JOBS),y)
FIREPUSH_FEATURES += --features jobs
endif

ifeq ($(BR2_PACKAGE_FIREPUSH_RECEIVE),y)
FIREPUSH_FEATURES += --features receive
endif

ifeq ($(BR2_PACKAGE_FIREPUSH_ROOTS),y)
FIREPUSH_FEATURES += --features roots
endif

ifeq ($(BR2_PACKAGE_FIREPUSH_TLS12),y)
FIREPUSH_FEATURES += --features tls12
endif

FIREPUSH_CARGO_BUILD_OPTS = --bin firepush $(FIREPUSH_FEATURES)

# What crates.io has is a .tar.gz by another name, which no extractor is known for.
define FIREPUSH_EXTRACT_CMDS
	$(ZCAT) $(FIREPUSH_DL_DIR)/$(FIREPUSH_SOURCE) | \
		$(TAR) --strip-components=1 -C $(@D) $(TAR_OPTIONS) -
endef

ifeq ($(BR2_PACKAGE_FIREPUSH_CAPI),y)
FIREPUSH_INSTALL_STAGING = YES

define FIREPUSH_BUILD_CAPI
	cd $(@D) && \
	$(TARGET_MAKE_ENV) $(TARGET_CONFIGURE_OPTS) $(PKG_CARGO_ENV) \
		cargo rustc --offline --locked $(if $(BR2_ENABLE_DEBUG),,--release) \
		--lib --crate-type staticlib $(FIREPUSH_FEATURES) --features capi
endef
FIREPUSH_POST_BUILD_HOOKS += FIREPUSH_BUILD_CAPI

define FIREPUSH_INSTALL_STAGING_CMDS
	$(INSTALL) -D -m 0644 $(@D)/src/capi/firepush.h $(STAGING_DIR)/usr/include/firepush.h
	$(INSTALL) -D -m 0644 $(FIREPUSH_BUILT)/libfirepush.a $(STAGING_DIR)/usr/lib/libfirepush.a
	mkdir -p $(STAGING_DIR)/usr/lib/pkgconfig
	sed -e 's|@PREFIX@|/usr|; s|@LIBDIR@|/usr/lib|; s|@VERSION@|$(FIREPUSH_VERSION)|' \
		$(@D)/src/capi/firepush.pc.in >$(STAGING_DIR)/usr/lib/pkgconfig/firepush.pc
endef
endif

# Not by `cargo install`, which leaves notes of its own in the target.
define FIREPUSH_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(FIREPUSH_BUILT)/firepush $(TARGET_DIR)/usr/bin/firepush
	$(INSTALL) -D -m 0644 $(FIREPUSH_PKGDIR)/firepush.conf $(TARGET_DIR)/etc/firepush.conf
endef

# What cron or a timer calls.
ifeq ($(BR2_PACKAGE_FIREPUSH_JOBS),y)
define FIREPUSH_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(FIREPUSH_PKGDIR)/S49firepush $(TARGET_DIR)/etc/init.d/S49firepush
endef

define FIREPUSH_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(FIREPUSH_PKGDIR)/firepush.service \
		$(TARGET_DIR)/usr/lib/systemd/system/firepush.service
	$(INSTALL) -D -m 0644 $(FIREPUSH_PKGDIR)/firepush.timer \
		$(TARGET_DIR)/usr/lib/systemd/system/firepush.timer
endef
endif

$(eval $(cargo-package))
