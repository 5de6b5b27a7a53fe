"""Probabilities and ranges of the augmentation chain, as strict frozen dataclasses.

What belongs here: what a reader may set in params.yaml, and its limits. What does not: anything
drawn per example (each step's module) and the order of the steps (``chain``).
"""

from dataclasses import dataclass, fields, replace

from clmr.storage.strict import require, require_probability, require_range

PERCENT = (0.0, 100.0)


@dataclass(frozen=True)
class PolarityParams:
    """Probability of inverting the sign of an example."""

    p: float

    def __post_init__(self) -> None:
        require_probability("p", self.p)


@dataclass(frozen=True)
class NoiseParams:
    """Probability of adding white Gaussian noise, and the range of the signal-to-noise ratio in dB."""

    p: float
    snr_db: tuple[float, float]

    def __post_init__(self) -> None:
        require_probability("p", self.p)
        require_range("snr_db", self.snr_db, -120.0, 120.0)


@dataclass(frozen=True)
class GainParams:
    """Probability of changing the level, and the range of the change in dB."""

    p: float
    gain_db: tuple[float, float]

    def __post_init__(self) -> None:
        require_probability("p", self.p)
        require_range("gain_db", self.gain_db, -120.0, 24.0)


@dataclass(frozen=True)
class FilterParams:
    """Probability of filtering, and the ranges of the -3 dB cut-off of either kind of filter in Hz."""

    p: float
    low_pass_hz: tuple[float, float]
    high_pass_hz: tuple[float, float]

    def __post_init__(self) -> None:
        require_probability("p", self.p)
        require_range("low_pass_hz", self.low_pass_hz, 20.0, 96_000.0)
        require_range("high_pass_hz", self.high_pass_hz, 20.0, 96_000.0)


@dataclass(frozen=True)
class DelayParams:
    """Probability of an echo, its delays (both ends included, in steps) and its amplitude factor."""

    p: float
    delay_ms: tuple[float, float]
    step_ms: float
    factor: float

    def __post_init__(self) -> None:
        require_probability("p", self.p)
        require_range("delay_ms", self.delay_ms, 0.0, 10_000.0)
        require(self.step_ms > 0, "step_ms", self.step_ms, "> 0")
        require(0 <= self.factor <= 1, "factor", self.factor, "an amplitude factor in [0, 1]")


@dataclass(frozen=True)
class PitchParams:
    """Probability of transposing, and the range of the interval in semitones."""

    p: float
    semitones: tuple[float, float]

    def __post_init__(self) -> None:
        require_probability("p", self.p)
        require_range("semitones", self.semitones, -12.0, 12.0)


@dataclass(frozen=True)
class ReverbParams:
    """Probability of reverberation, and the ranges of its three settings in percent."""

    p: float
    room_size: tuple[float, float]
    reverberance: tuple[float, float]
    damping: tuple[float, float]

    def __post_init__(self) -> None:
        require_probability("p", self.p)
        require_range("room_size", self.room_size, *PERCENT)
        require_range("reverberance", self.reverberance, *PERCENT)
        require_range("damping", self.damping, *PERCENT)


@dataclass(frozen=True)
class AugmentationParams:
    """All settings of the chain; the field order is the order in which the steps are applied."""

    polarity: PolarityParams
    noise: NoiseParams
    gain: GainParams
    filter: FilterParams
    delay: DelayParams
    pitch: PitchParams
    reverb: ReverbParams

    @classmethod
    def thesis(cls) -> "AugmentationParams":
        """The chain of the thesis.

        Source: thesis §3.1 for the steps and their ranges; §6.3 for the probabilities it finds best
            (polarity, filter, delay, pitch, reverb) and §6.6.1 uses from there on; the released code
            for those of noise and gain and for the signal-to-noise ratio, which the thesis only calls
            high.
        Differs: the released code has probabilities of 0.3, 0.6 and 0.6 for delay, pitch and reverb,
            draws the gain from [-20, -1] dB and never draws a 500 ms delay;
            the ranges here are the thesis's. Its last version scales the noise to 0.0001-0.01 of
            the signal's standard deviation: 40-80 dB.
        """
        return cls(
            polarity=PolarityParams(p=0.8),
            noise=NoiseParams(p=0.01, snr_db=(40.0, 80.0)),
            gain=GainParams(p=0.3, gain_db=(-6.0, 0.0)),
            filter=FilterParams(p=0.8, low_pass_hz=(2200.0, 4000.0), high_pass_hz=(200.0, 1200.0)),
            delay=DelayParams(p=0.4, delay_ms=(200.0, 500.0), step_ms=50.0, factor=0.5),
            pitch=PitchParams(p=0.4, semitones=(-7.0, 7.0)),
            reverb=ReverbParams(p=0.4, room_size=PERCENT, reverberance=PERCENT, damping=PERCENT),
        )

    @classmethod
    def none(cls) -> "AugmentationParams":
        """No augmentation: every probability is 0 (a view that is only cropped).

        >>> AugmentationParams.none().reverb.p
        0.0
        """
        chain = cls.thesis()
        return cls(**{step.name: replace(getattr(chain, step.name), p=0.0) for step in fields(cls)})
