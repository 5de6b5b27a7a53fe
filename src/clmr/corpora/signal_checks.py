"""Signals that cannot be right, found while a file is decoded; nothing here changes a sample."""

from dataclasses import dataclass, field

import numpy as np

MAX_FLOAT_PEAK = 16.0
"""Peak of a float file from which it is taken for one with the scale of integers: 24 dB above full scale."""
CLIPPED_LEVEL = 0.999
MAX_CLIPPED_SHARE = 0.1
"""Share of samples at full scale from which a file is shown; of loud masters hardly one sample in a hundred is."""
MAX_CANCELLED_DB = 20.0
"""Loss of level by mixing down from which a file is shown; channels that have nothing in common lose 3 dB."""


@dataclass
class SignalChecks:
    """Sums over the blocks of one file.

    Attributes:
        rate_hz: Sample rate of the source.
        is_float: Whether it holds floating-point numbers, which alone can lie outside full scale.
    """

    rate_hz: int
    is_float: bool
    n_frames: int = field(default=0, init=False)
    _n_values: int = field(default=0, init=False)
    _n_clipped: int = field(default=0, init=False)
    _peak: float = field(default=0.0, init=False)
    _energy: float = field(default=0.0, init=False)
    _mono_energy: float = field(default=0.0, init=False)

    def look_at(self, block: np.ndarray, mono: np.ndarray) -> None:
        """Count a block.

        Args:
            block: Samples of all channels, shape (T, C).
            mono: Their mean over channels, shape (T,).
        """
        if not len(block):
            return
        level = np.abs(block)
        self.n_frames += len(block)
        self._n_values += block.size
        self._n_clipped += int((level >= CLIPPED_LEVEL).sum())
        self._peak = max(self._peak, float(level.max()))
        self._energy += float(np.square(block, dtype=np.float64).mean(axis=1).sum())
        self._mono_energy += float(np.square(mono, dtype=np.float64).sum())

    def require_usable(self) -> None:
        """Raise ``ValueError`` if nothing but noise at full scale would be left of the signal."""
        if self.is_float and self._peak >= MAX_FLOAT_PEAK:
            raise ValueError(
                f"holds floating-point samples up to {self._peak:.6g}, as if they were integers; full scale is 1, so "
                f"divide them by 32768 or by 2147483648"
            )

    def silence(self) -> str:
        """Why nothing is left after mixing down."""
        return "is silent" if not self._cancels() else "is silent once mixed down, as its channels cancel each other"

    def notes(self) -> list[str]:
        """What should be looked at, one sentence each."""
        found = []
        clipped = self._n_clipped / self._n_values
        if clipped > MAX_CLIPPED_SHARE:
            found.append(f"is at full scale in {clipped:.0%} of its samples, as if it were clipped")
        if self._cancels():
            lost_db = 10 * np.log10(self._energy / max(self._mono_energy, 1e-12))
            found.append(f"loses {lost_db:.0f} dB by mixing down, as its channels cancel each other")
        return found

    def _cancels(self) -> bool:
        return self._energy > 0 and self._mono_energy < self._energy * 10 ** (-MAX_CANCELLED_DB / 10)
