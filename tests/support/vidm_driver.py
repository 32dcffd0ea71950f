"""Trains small generators in a process of its own, which can be told to kill itself at a given moment.

    python -m support.vidm_driver OUT PARTS MOMENT STEP

Under torchrun it is one of several processes. MOMENT is where it sends itself SIGKILL, once step STEP is done:
"after-step", before anything is written; "half-state", the state half written under its temporary name;
"between-files", one of state and log written; "never". "interrupt" sends itself SIGINT in the middle of a step instead,
while states are written once a minute.
"""

import os
import signal
import sys
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed as dist
from support.vidm_helpers import CPU, small_recipe, training_videos

from vidmbench.vidm.checkpoints import tensor_files
from vidmbench.vidm.training import loop as training
from vidmbench.vidm.training import state

SEED = 5
STEPS_A_ROW = 2


def trained(part, out, **options):
    return training.train_part(part, small_recipe(), training_videos(), out, seed=SEED, device=CPU, **options)


def killing(moment, last):
    """A progress function; it also arms the moments that lie in the writing of files."""
    done, written = [0], [0]
    replacing = state.replacing

    def die():
        os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def deadly(target):
        with replacing(target) as temporary:
            yield temporary
            if moment == "half-state" and done[0] == last and target.suffix == ".safetensors":
                os.truncate(temporary, temporary.stat().st_size // 2)
                die()
        written[0] += 1
        if moment == "between-files" and done[0] == last and written[0] % 2:
            die()

    def progress(step, steps, words):
        if words.startswith("flow"):
            return
        done[0] = step
        if moment == "after-step" and step == last:
            die()

    for module in (state, tensor_files):  # the log, and the state itself
        module.replacing = deadly
    return progress


def interrupting(last):
    """Arms a signal in the middle of a step, after its gradient and before the optimiser."""
    clip, calls = torch.nn.utils.clip_grad_norm_, []

    def clipped(*given):
        calls.append(1)
        if len(calls) == last:
            os.kill(os.getpid(), signal.SIGINT)
        return clip(*given)

    torch.nn.utils.clip_grad_norm_ = clipped


def main():
    out, parts, moment, last = Path(sys.argv[1]), sys.argv[2].split(","), sys.argv[3], int(sys.argv[4])
    torch.set_num_threads(1)
    training.SECONDS_BETWEEN_STATES = 60.0 if moment == "interrupt" else -1.0  # after every step
    training.STEPS_A_ROW = STEPS_A_ROW
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
    for part in parts:
        trained(part, out, progress=interrupting(last) if moment == "interrupt" else killing(moment, last))
    if dist.is_initialized():
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
