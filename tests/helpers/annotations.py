"""The checker of types and shapes in annotations, which conftest.py puts into every stage.

It has a module of its own: a second conftest.py replaces the first in `sys.modules`, and every
module that is imported after that would look for the checker in vain.
"""

from beartype import BeartypeConf, beartype

# An int is a float, as type checkers have it.
checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
