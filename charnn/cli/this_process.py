"""What a command sets for its own process before it does anything else. `import charnn` leaves a process as it is."""

from __future__ import annotations

import gc
import os

MOST_THREADS = 1024
"""A larger number of threads is a mistake."""
OBJECTS_BETWEEN = 10_000
"""So many more objects are made than have gone before those that refer to each other in circles are looked for."""


def let_waiting_threads_sleep() -> None:
    """Lets PyTorch's threads sleep soon where they wait for one another, unless the user has set how they wait.

    They spin, and where another process has a core they spin long: in 12 s beside one, a training took 5 steps, and
    185 with fewer rounds. A quiet machine loses nothing (14.7 ms a step of 2 x 128, 14.8 before). The library of
    threads (GNU's) reads this when PyTorch is imported.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")


def start_no_threads_without_end() -> None:
    """Lowers the number of threads that the user has set for all programs, where it is beyond any machine: GNU's
    library of threads has a place on the stack for each, and the process dies of 100,000 of them."""
    if (asked := os.environ.get("OMP_NUM_THREADS", "").strip()).isdecimal() and int(asked) > MOST_THREADS:
        os.environ["OMP_NUM_THREADS"] = str(os.cpu_count() or 1)


def look_for_circles_less_often() -> None:
    """Lets Python look less often for unused objects that refer to each other in circles. Where a command trains, these
    could be large, and it is not for that.

    A line that is read becomes some small objects, none of them in a circle. Python looks whenever there are 700 more,
    and that took 0.11 of the 3.05 seconds of the processor in which 108,060 names are classified, and takes 0.03 now.
    """
    gc.set_threshold(OBJECTS_BETWEEN)


def pass_over_no_width() -> None:
    """Takes COLUMNS=0, which some programs set where a terminal does not say how wide it is, for not set: the help
    would be written for a terminal of no columns, and nothing of it be left."""
    if os.environ.get("COLUMNS", "").strip().strip("0") == "":
        os.environ.pop("COLUMNS", None)


def occupy_closed_descriptors() -> None:
    """Keeps the numbers of standard streams that are closed from files that are opened later: whatever writes to
    stdout would write into them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
