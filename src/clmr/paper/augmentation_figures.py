"""Figure 3.2 and the gallery of augmentations.

What belongs here: drawing crops, waveforms and spectrograms. What does not: making them
(:mod:`clmr.paper.view_examples`).
"""

import textwrap
from collections.abc import Iterable, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from clmr.paper.figures import WIDTH_INCHES
from clmr.paper.view_examples import SETTINGS, VIEWS, AugmentedExample, by_step

_GREY = "0.55"
_FONT_POINTS = 7
_TITLE_CHARACTERS = 38
_STEP_INCHES = 1.6
_WINDOW_MS = 32.0
_HOP_MS = 8.0
_RANGE_DB = 70.0
"""How far below the loudest place of the crop a spectrogram reaches."""
_LEVEL_DB = 2.0
"""Difference of neighbouring colours: finer ones cannot be told apart, and make the file twice as large."""


def crop_pairs(stretches: pd.DataFrame) -> Figure:
    """Pairs of crops of one clip (thesis Figure 3.2): the first on the waveform, all as bars below it.

    Args:
        stretches: As :func:`clmr.paper.view_examples.stretches` gives them.
    """
    waveform, crops = (stretches[stretches.shown == shown] for shown in ("waveform", "crop"))
    pairs = list(dict.fromkeys(crops.pair))
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(WIDTH_INCHES, 1.9 + 0.2 * len(pairs)), sharex=True, height_ratios=(1.3, 0.2 * len(pairs)),
        layout="constrained",
    )  # fmt: skip
    colours = dict(zip(VIEWS, _view_colours(), strict=True))
    above.fill_between(waveform.start_s, waveform.low, waveform.high, step="post", color=_GREY, linewidth=0)
    for crop in crops.itertuples():
        if crop.pair == pairs[0]:
            above.axvspan(crop.start_s, crop.end_s, color=colours[crop.view], alpha=0.4, linewidth=0)
        # One above the other, since crops that overlap would hide each other.
        place = crop.pair + 0.2 * (2 * VIEWS.index(crop.view) - 1)
        below.barh(place, crop.end_s - crop.start_s, left=crop.start_s, height=0.38, color=colours[crop.view])
    above.set(ylabel="amplitude", xlim=(0, waveform.end_s.max()))
    below.set(xlabel="time (s)", ylabel="pair", yticks=pairs)
    below.invert_yaxis()
    handles = [Patch(color=colour, label=f"${view}$") for view, colour in colours.items()]
    above.legend(handles=handles, loc="upper right", ncols=len(handles))
    return figure


def augmentations(
    crop: np.ndarray, examples: Sequence[AugmentedExample], excerpt: pd.DataFrame, sample_rate_hz: int
) -> Figure:
    """Waveforms and spectrograms of a crop after every step, at its mild and its strong setting, beside the crop.

    In grey behind each waveform lies that of the crop.

    Args:
        crop: Before the steps, shape (T,).
        examples: The crop after each step.
        excerpt: The waveforms, as :func:`clmr.paper.view_examples.excerpt` gives them.
        sample_rate_hz: Sample rate in Hz.
    """
    steps = by_step(examples)
    figure, panels = plt.subplots(
        2 * len(steps), 1 + len(SETTINGS), figsize=(WIDTH_INCHES, 0.4 + _STEP_INCHES * len(steps)), squeeze=False,
        height_ratios=[0.8, 1.0] * len(steps), layout="constrained",
    )  # fmt: skip
    reference_db = float(_levels_db(crop, sample_rate_hz).max())
    for (step, by_setting), waveforms, spectrograms in zip(steps.items(), panels[::2], panels[1::2], strict=True):
        _draw_waveform(waveforms[0], excerpt, "before", "before")
        _draw_spectrogram(spectrograms[0], crop, sample_rate_hz, reference_db)
        waveforms[0].set_ylabel(step, fontsize=_FONT_POINTS + 1, fontweight="bold")
        spectrograms[0].set_ylabel("kHz", fontsize=_FONT_POINTS)
        for axes, below, setting in zip(waveforms[1:], spectrograms[1:], SETTINGS, strict=True):
            example = by_setting.get(setting)
            if example is None:
                axes.set_axis_off()
                below.set_axis_off()
                continue
            title = f"{setting}: {example.values}" if example.values else "its only setting"
            _draw_waveform(axes, excerpt, f"{step}_{setting}", title)
            _draw_spectrogram(below, example.audio, sample_rate_hz, reference_db)
            below.tick_params(labelleft=False)
    _share_waveform_limits(panels[::2].ravel(), excerpt)
    for axes in panels[1:-1:2].ravel():
        axes.tick_params(labelbottom=False)
    for axes in panels[-1]:
        axes.set_xlabel("time (s)", fontsize=_FONT_POINTS)
    return figure


def _draw_waveform(axes: Axes, excerpt: pd.DataFrame, column: str, title: str) -> None:
    axes.plot(excerpt.time_ms, excerpt.before, color=_GREY, linewidth=0.8)
    if column != "before":
        axes.plot(excerpt.time_ms, excerpt[column], color=sns.color_palette()[0], linewidth=0.8)
    axes.set_title(textwrap.fill(title, _TITLE_CHARACTERS), fontsize=_FONT_POINTS)
    axes.set(xticks=[], yticks=[])


def _share_waveform_limits(panels: Iterable[Axes], excerpt: pd.DataFrame) -> None:
    """One scale for all waveforms, so that changes of level can be seen."""
    highest = float(excerpt.drop(columns="time_ms").abs().to_numpy().max())
    for axes in panels:
        axes.set(xlim=(excerpt.time_ms.min(), excerpt.time_ms.max()))
        if highest > 0:
            axes.set(ylim=(-1.05 * highest, 1.05 * highest))


def _draw_spectrogram(axes: Axes, audio: np.ndarray, sample_rate_hz: int, reference_db: float) -> None:
    extent = (0.0, len(audio) / sample_rate_hz, 0.0, sample_rate_hz / 2000)
    levels = _LEVEL_DB * np.round((_levels_db(audio, sample_rate_hz) - reference_db) / _LEVEL_DB)
    axes.imshow(
        levels, origin="lower", aspect="auto", extent=extent, cmap="magma", vmin=-_RANGE_DB, vmax=0.0,
        interpolation="nearest",
    )  # fmt: skip
    axes.grid(visible=False)
    axes.tick_params(labelsize=_FONT_POINTS)


def _levels_db(audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Level of each frequency over time, shape (frequencies, frames)."""
    window, hop = (round(duration_ms * sample_rate_hz / 1000) for duration_ms in (_WINDOW_MS, _HOP_MS))
    transform = ShortTimeFFT(hann(window, sym=False), hop, fs=sample_rate_hz)
    # Frames centred within the audio; by default there are more, which lie half outside.
    power = transform.spectrogram(np.asarray(audio, dtype=np.float64), p0=0, p1=len(audio) // hop + 1)
    # The floor lies below anything that 16 bits can hold: silence has a level, too.
    return 10 * np.log10(np.maximum(power, 1e-12))


def _view_colours() -> tuple[str, str]:
    """Blue and orange, nearly the thesis's."""
    palette = sns.color_palette("colorblind").as_hex()
    return palette[0], palette[1]
