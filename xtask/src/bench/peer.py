"""Runs one of the peer's scripts and says what it had used when its last stage of linking was done.

What comes after that stage in the script measures quality, which is not the linker's work. The first line printed is
`LINKED {"cpu_s", "wall_s", "peak_mb"}`, of the whole process until then, the imports included.
"""

import json
import resource
import runpy
import sys
import time

BEGAN = time.time()
folder, script, last = sys.argv[1:4]
sys.path.insert(0, folder)
import metrics  # noqa: E402  the script's own

lap = metrics.T.lap


def lap_and_say(clock, stage):
    lap(clock, stage)
    if stage == last:
        used = resource.getrusage(resource.RUSAGE_SELF)
        figures = {
            "cpu_s": used.ru_utime + used.ru_stime,
            "wall_s": time.time() - BEGAN,
            "peak_mb": used.ru_maxrss // 1024,
        }
        print("LINKED", json.dumps(figures), flush=True)


metrics.T.lap = lap_and_say
sys.argv = [script, *sys.argv[4:]]
runpy.run_path(f"{folder}/{script}", run_name="__main__")
