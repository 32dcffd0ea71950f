"""How models are named that vidmbench makes itself, on the command line and in records."""

#: Before a control's kind: ``control:static``.
CONTROL = "control:"
#: Before any model's name: its frozen twin, ``static-of:vidm``.
TWIN = "static-of:"
#: What a model is held against, and is never ranked with.
YARDSTICKS = (CONTROL, TWIN)
