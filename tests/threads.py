"""Several at it in one moment."""

import threading
from collections.abc import Callable, Sequence


def at_once(jobs: Sequence[Callable[[], object]]) -> None:
    """Run the jobs in threads that begin together; raises what the first of them raised."""
    barrier = threading.Barrier(len(jobs))
    errors: list[Exception] = []

    def run(job: Callable[[], object]) -> None:
        barrier.wait()
        try:
            job()
        except Exception as error:  # noqa: BLE001 - raised again by the thread that waits
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
