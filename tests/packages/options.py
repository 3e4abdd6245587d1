"""Prints what kconfiglib makes of the options of firepush, as JSON: options.py TOP_LEVEL_CONFIG"""

import json
import sys

import kconfiglib

PREFIX = "BR2_PACKAGE_FIREPUSH"
config = kconfiglib.Kconfig(sys.argv[1], warn_to_stderr=False)
ours = config.syms[PREFIX]


def values():
    return {name: symbol.str_value for name, symbol in config.syms.items() if name.startswith(PREFIX)}


ours.set_value(2)
chosen = values()
selected = config.syms["BR2_PACKAGE_HOST_RUSTC"].str_value
config.syms["BR2_PACKAGE_HOST_RUSTC_TARGET_ARCH_SUPPORTS"].set_value(0)
print(json.dumps({
    "chosen": chosen,
    "selects_rustc": selected,
    "without_rust": values(),
    "helpless": [node.item.name for node in config.node_iter() if node.item in config.unique_defined_syms
                 and node.item.name.startswith(PREFIX) and not node.help],
    "warnings": config.warnings,
}))
