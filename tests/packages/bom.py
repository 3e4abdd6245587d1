"""Fails unless standard input is CycloneDX JSON of this version, as its schema has it: bom.py VERSION"""

import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

error = JsonStrictValidator(SchemaVersion.from_version(sys.argv[1])).validate_str(sys.stdin.read())
sys.exit(str(error) if error else 0)
