"""Stand-ins for TensorBoard, W&B and Lightning: they take what these take, plain floats, and remember it."""

import sys
from types import ModuleType, SimpleNamespace


class Logged(list):
    """What was logged, as (logger, name, value, step)."""

    def add(self, logger, values, step):
        for name, value in values.items():
            assert type(name) is str
            assert type(value) is float, f"{name} is a {type(value).__name__}"
            assert step is None or type(step) is int
            self.append((logger, name, value, step))


def stand_in(patch_item):
    """Puts the stand-ins in the place of the libraries.

    Args:
        patch_item: ``monkeypatch.setitem``.

    Returns:
        What is logged from now on.
    """
    logged = Logged()

    class SummaryWriter:
        def __init__(self, folder):
            self.folder = folder

        def add_scalar(self, name, value, step):
            logged.add("tensorboard", {name: value}, step)

        def close(self):
            pass

    def init(*, project, mode):
        assert mode == "offline"
        run = SimpleNamespace(finish=lambda: None)
        run.log = lambda values, step: logged.add("wandb", values, step)
        return run

    modules = {
        "torch.utils.tensorboard": {"SummaryWriter": SummaryWriter},
        "wandb": {"init": init},
        "lightning": {"Callback": object},
    }
    for name, content in modules.items():
        module = ModuleType(name)
        vars(module).update(content)
        patch_item(sys.modules, name, module)
    return logged
