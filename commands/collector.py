"""The garbage collector of a serving process: at rest while it starts, then blind to what start has made."""

import gc

# A message makes thousands of objects that die with it: looking through them seldom finds anything.
COLLECT_AFTER = (20_000, 20, 50)


def rest() -> None:
    """Imports make hundreds of thousands of objects to keep: searching them took a tenth of the start."""
    gc.disable()


def begin() -> None:
    """What was made at start lives as long as the process: a full collection no longer walks through it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    gc.enable()
