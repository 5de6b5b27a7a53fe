"""Short audio inside an executed notebook: compressed, in the page itself, so that no file has to be beside it.

What belongs here: a table of players. What does not: what is played.
"""

import base64
import html
from collections.abc import Sequence

import numpy as np

from clmr.paper.mp3 import mp3
from clmr.paper.view_examples import SETTINGS, AugmentedExample, by_step

MOST_BYTES = 3_000_000
"""Most characters of a page of players, encoded audio included."""
_PEAK = 0.9


def players(
    before: np.ndarray, examples: Sequence[AugmentedExample], sample_rate_hz: int, most_bytes: int = MOST_BYTES
) -> str:
    """An HTML table of players: a row for each step with the mild and the strong setting, the crop itself on top.

    All are scaled by one factor, by which the loudest sample becomes 0.9, so that levels can be compared.

    Args:
        before: The crop, shape (T,).
        examples: The crop after each step.
        sample_rate_hz: Sample rate in Hz.
        most_bytes: Most characters of the result.

    Raises:
        ValueError: If the table has more.
    """
    peak = max(float(np.abs(audio).max()) for audio in (before, *(example.audio for example in examples)))
    scale = _PEAK / peak if peak > 0 else 1.0
    rows = [f"<tr><th>the crop</th><td colspan='{len(SETTINGS)}'>{_player(scale * before, sample_rate_hz)}</td></tr>"]
    for step, by_setting in by_step(examples).items():
        cells = "".join(_cell(by_setting.get(setting), scale, sample_rate_hz) for setting in SETTINGS)
        rows.append(f"<tr><th>{html.escape(step)}</th>{cells}</tr>")
    header = "".join(f"<th>{setting}</th>" for setting in ("", *SETTINGS))
    table = f"<table><tr>{header}</tr>{''.join(rows)}</table>"
    if len(table) > most_bytes:
        raise ValueError(
            f"found {len(table):,} bytes of audio for {len(examples)} examples, allowed are {most_bytes:,}; "
            "list fewer steps in mild and strong, or use a store of a lower sample rate"
        )
    return table


def _cell(example: AugmentedExample | None, scale: float, sample_rate_hz: int) -> str:
    if example is None:
        return "<td></td>"
    return f"<td>{_player(scale * example.audio, sample_rate_hz)}<br>{html.escape(example.values)}</td>"


def _player(audio: np.ndarray, sample_rate_hz: int) -> str:
    encoded = base64.b64encode(mp3(audio, sample_rate_hz)).decode("ascii")
    return f"<audio controls preload='none' src='data:audio/mpeg;base64,{encoded}'></audio>"
