RUST_ARCH_DEPENDS:=@(aarch64||arm||mipsel||x86_64)
define RustBinPackage
RUST_PACKAGE:=$(1)
endef
