"""The card's own rates: what everything else is a share of."""

import subprocess
import sys
import time

import torch
from gpu.measuring import Figures, Measuring

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}


def measure(measuring: Measuring) -> None:
    """Matrix products, copies, and how long a process takes to reach the GPU."""
    device, small = measuring.device, measuring.is_small

    def product(precision: str) -> Figures:
        side = 128 if small else 8192
        a, b = (torch.randn(side, side, device=device).to(DTYPES[precision]) for _ in range(2))
        return {"TFLOP/s": round(2 * side**3 / measuring.seconds_of(lambda: a @ b) / 1e12, 3 if small else 1)}

    def copy() -> Figures:
        data = torch.zeros(2**12 if small else 2**31, dtype=torch.uint8, device=device)
        there = torch.empty_like(data)
        return {"GB/s read and written": round(2 * len(data) / measuring.seconds_of(lambda: there.copy_(data)) / 1e9)}

    def upload() -> Figures:
        size = 2**12 if small else 2**28
        host = torch.empty(size, dtype=torch.uint8, pin_memory=measuring.is_gpu)
        there = torch.empty(size, dtype=torch.uint8, device=device)
        seconds = measuring.seconds_of(lambda: there.copy_(host, non_blocking=True))
        return {"GB/s": round(size / seconds / 1e9, 1)}

    def start() -> Figures:
        program = f"import torch; torch.zeros(1, device='{device.type}').add_(1).item()"
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass" if small else program], check=True)
        return {"s": round(time.perf_counter() - began, 1)}

    for precision in DTYPES:
        measuring.measure("machine", f"{precision} matrix product", lambda p=precision: product(p), seconds=3)
    measuring.measure("machine", "copy on the device", copy, seconds=2)
    measuring.measure("machine", "copy from pinned memory", upload, seconds=2)
    measuring.measure("machine", "a new process reaches the device", start, seconds=20)


def matrix_rate(measuring: Measuring, precision: str) -> float | None:
    """Operations a second of a large matrix product, where that was measured."""
    found = measuring.parts.get("machine", {}).get(f"{precision} matrix product", {})
    return found["TFLOP/s"] * 1e12 if found.get("TFLOP/s") else None
