# `make install DESTDIR=…` is the package unpacked; `make show WHAT=NAME` prints a variable.
define BuildPackage
install:
	$$(call Package/$(1)/install,$$(DESTDIR))
endef

show:
	$(info $($(WHAT)))@:

.DEFAULT_GOAL:=install
