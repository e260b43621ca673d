"""The kernel of a job: what its messages stand on."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

CELLS = """
import os, sys
from fieldbook.kernel import Kernel

printing = '''
import sys
sys.setswitchinterval(1e-5)
from threading import Thread
def tell(name):
    for line in range(200):
        print(f"{name}{line}\\\\n", end="", flush=True)
threads = [Thread(target=tell, args=(name,)) for name in "abcd"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
'''
kernel = Kernel([{"source": printing, "tags": []}], heard=int)
print(len(os.listdir("/proc/self/task")))
kernel.run(before=int, after=lambda index: None)
print(len(os.listdir("/proc/self/task")))
print("".join(output["text"] for output in kernel.outputs(1)[0]), end="")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="our kernel serves where there is /proc, on Linux")
def test_it_starts_no_thread_and_loses_no_line_of_several_that_print():
    run = subprocess.run([sys.executable, "-c", CELLS], capture_output=True, text=True, check=True, timeout=100)
    before, after, *lines = run.stdout.splitlines()
    assert (before, after) == ("1", "1"), "threads of this process, those of libraries too"
    assert sorted(lines) == sorted(f"{name}{line}" for name in "abcd" for line in range(200))
    assert [line for line in lines if line[0] == "a"] == [f"a{line}" for line in range(200)]
