"""Real-time factor: one log of jobs, and the figures that are all called its speed.

Accompanies ``docs/serving/real-time-factor.md``, whose names it follows.
"""

import numpy as np


def speed_figures(media, starts, ends):
    """Compute the common speed figures of a log of speech jobs.

    Parameters
    ----------
    media : array_like, shape (n_jobs,)
        Duration of the audio of each job, in seconds, above 0.
    starts, ends : array_like, shape (n_jobs,)
        When each job began and was finished, in seconds of one clock; each end after its start.

    Returns
    -------
    dict of str to float
        ``mean_rtf``, the mean of each job's time over its audio; ``pooled_rtf``, all jobs' time over
        all audio; ``rtfx``, the inverse of the pooled one; ``mean_rtfx``, the mean of each job's
        inverse; ``throughput``, audio over wall-clock time from the first start to the last end.

    Raises
    ------
    ValueError
        If shapes differ, there is no job, a number is not finite, a duration is not above 0, or a
        job ends before it begins.

    Examples
    --------
    6 s of work for 60 s of audio.

    >>> from code_examples.serving.real_time_factor import speed_figures
    >>> speed_figures([60], [0], [6])
    {'mean_rtf': 0.1, 'pooled_rtf': 0.1, 'rtfx': 10.0, 'mean_rtfx': 10.0, 'throughput': 10.0}

    Two at a time, each at half the speed: the factor doubles, the throughput stays.

    >>> figures = speed_figures([60, 60], [0, 0], [12, 12])
    >>> figures["pooled_rtf"], figures["throughput"]
    (0.2, 10.0)
    """
    media, starts, ends = (np.asarray(part, dtype=np.float64) for part in (media, starts, ends))
    if media.ndim != 1 or not media.size or not media.shape == starts.shape == ends.shape:
        raise ValueError(f"shapes are {media.shape}, {starts.shape}, {ends.shape}; pass (n_jobs,) three times")
    worked = ends - starts
    if not (np.isfinite(media) & np.isfinite(worked) & (media > 0) & (worked > 0)).all():
        raise ValueError("pass finite times, durations above 0, and ends after their starts")
    return {
        "mean_rtf": float((worked / media).mean()),
        "pooled_rtf": float(worked.sum() / media.sum()),
        "rtfx": float(media.sum() / worked.sum()),
        "mean_rtfx": float((media / worked).mean()),
        "throughput": float(media.sum() / (ends.max() - starts.min())),
    }
