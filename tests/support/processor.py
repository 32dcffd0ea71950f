"""What the processor under the tests can do."""

from pathlib import Path

_FACTS = Path("/proc/cpuinfo")
#: Matrix units for bf16.
HAS_AMX = _FACTS.is_file() and "amx_bf16" in _FACTS.read_text(encoding="utf-8")
