"""A small app that is killed in the tests: submits jobs, one a second, and supervises: `toy_app.py NOTES`."""

import sys
import time

from job_helpers import make_recipe

from xmodal.jobs.queue import submit
from xmodal.jobs.runs import poll
from xmodal.jobs.supervisor import supervise

if __name__ == "__main__":
    while True:
        job = submit(make_recipe(), "ann")
        # What a person was told is queued.
        with open(sys.argv[1], "a") as notes:
            notes.write(f"{job.id}\n")
        for _ in range(4):
            supervise(runner="toy_runner:train", idle_s=20, nice=0)
            poll()
            time.sleep(0.25)
