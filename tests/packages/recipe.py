"""Prints what the parser of oelint makes of a recipe, as JSON: recipe.py RECIPE"""

import json
import os
import sys

from oelint_parser.cls_item import FlagAssignment, Function
from oelint_parser.cls_stash import Stash

recipe = os.path.abspath(sys.argv[1])
stash = Stash(quiet=True)
stash.AddFile(recipe)
stash.Finalize()

flags = stash.GetItemsFor(recipe, classifier=FlagAssignment.CLASSIFIER)
functions = stash.GetItemsFor(recipe, classifier=Function.CLASSIFIER)
variables = stash.ExpandVar(filename=recipe)
print(json.dumps({
    "version": stash.GuessRecipeVersion(recipe),
    "variables": {name: " ".join(values).split() for name, values in variables.items()},
    "flags": {f"{item.VarName}[{item.Flag}]": item.ValueStripped for item in flags},
    "functions": {item.FuncName: item.FuncBodyRaw for item in functions},
}))
