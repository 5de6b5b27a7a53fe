"""The chain of augmentations on batches of raw audio.

What belongs here: the list of steps and their order. What does not: the steps, and the random crop before them
(``clmr.batches.crops``).
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from clmr.augmentations.delay import DelayParams
from clmr.augmentations.filter import FilterParams
from clmr.augmentations.gain import GainParams
from clmr.augmentations.noise import NoiseParams
from clmr.augmentations.pitch import PitchParams
from clmr.augmentations.polarity import PolarityParams
from clmr.augmentations.reverb import ReverbParams
from clmr.augmentations.step import Draw, StepParams
from clmr.storage.strict import strict


@strict
class AugmentationParams:
    """Settings of the chain: one field per step, in the order in which they are applied; None leaves a step out.

    A new step is a module of its own and a field here.

    Source: thesis §3.1 for the steps and their order; §6.3 for the probabilities in ``params.yaml`` of polarity,
        filter, delay, pitch and reverb, which §6.6.1 uses from there on; the released code for those of noise and
        gain, which the thesis does not give.
    Differs: the released code has probabilities of 0.3, 0.6 and 0.6 for delay, pitch and reverb.
    """

    # None by default: naming a step in params.yaml is what applies it, and one left out needs no p: 0.
    polarity: PolarityParams | None = None
    noise: NoiseParams | None = None
    gain: GainParams | None = None
    filter: FilterParams | None = None
    delay: DelayParams | None = None
    pitch: PitchParams | None = None
    reverb: ReverbParams | None = None

    def steps(self) -> dict[str, StepParams]:
        """The steps that are not left out, by name, in order.

        >>> list(AugmentationParams(pitch=PitchParams(0.4, (-7.0, 7.0)), polarity=PolarityParams(0.8)).steps())
        ['polarity', 'pitch']
        """
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: step for name, step in named.items() if step is not None}

    def draw(self, n_examples: int, sample_rate_hz: int, draws: Callable[[str], torch.Generator]) -> "ChainDraw":
        """Values of every step for B examples.

        Each step draws from a generator of its own, so that what is drawn for it depends neither on the settings
        nor on the presence of any other step.

        Args:
            n_examples: B.
            sample_rate_hz: Sample rate of the audio in Hz.
            draws: Function from the name of a step to its generator, on the CPU.

        >>> chain = AugmentationParams(pitch=PitchParams(0.4, (-7.0, 7.0)))
        >>> chain.draw(4, 22050, lambda step: torch.Generator().manual_seed(len(step))).steps["pitch"].semitones.shape
        torch.Size([4])
        """
        return ChainDraw(
            {name: step.draw(n_examples, sample_rate_hz, draws(name)) for name, step in self.steps().items()}
        )

    def augment(self, batch: Tensor, sample_rate_hz: int, draws: Callable[[str], torch.Generator]) -> Tensor:
        """Each example of the batch through its own random chain of augmentations, shape (B, T).

        Source: thesis §3.1, steps 2 to 8 (step 1, the crop, comes before).

        Args:
            batch: Audio, float32 of shape (B, T) with B >= 1 and T >= 2, on any device; not changed.
            sample_rate_hz: Sample rate in Hz.
            draws: Function from the name of a step to its generator, on the CPU.

        Returns:
            A new tensor of shape (B, T).

        Raises:
            ValueError: If the batch has another shape or type, the sample rate is not positive, or, on
                the CPU, a sample is NaN or infinite. On a GPU the host would have to wait for the
                answer; such samples pass through to the loss.

        >>> chain = AugmentationParams(polarity=PolarityParams(p=1.0))
        >>> chain.augment(torch.tensor([[0.5, -0.25]]), 8000, lambda step: torch.Generator()).tolist()
        [[-0.5, 0.25]]
        """
        _check(batch, sample_rate_hz)
        return self.draw(len(batch), sample_rate_hz, draws).apply(batch, sample_rate_hz)


@dataclass(frozen=True)
class ChainDraw:
    """Values drawn for B examples.

    Attributes:
        steps: Draws of the steps by name, in the order in which they are applied.

    >>> draw = AugmentationParams(polarity=PolarityParams(p=1.0)).draw(3, 8000, lambda step: torch.Generator())
    >>> draw.examples(slice(1, 3)).apply(torch.ones(2, 4), 8000).shape
    torch.Size([2, 4])
    """

    steps: dict[str, Draw]

    def examples(self, which: slice | Tensor) -> "ChainDraw":
        """The values drawn for some of the examples."""
        return ChainDraw({name: step.examples(which) for name, step in self.steps.items()})

    def apply(self, batch: Tensor, sample_rate_hz: int) -> Tensor:
        """The batch through the chain with the drawn values: a new tensor of shape (B, T).

        The result for an example depends on its own audio and values only, to rounding:
        1e-6 of its peak, 3e-5 with reverberation.

        Args:
            batch: Audio, float32 of shape (B, T); not changed.
            sample_rate_hz: Sample rate in Hz.

        >>> ChainDraw({}).apply(torch.ones(2, 4), 8000).shape
        torch.Size([2, 4])
        """
        augmented = batch.clone()
        self.treat(augmented, sample_rate_hz)
        return augmented

    def treat(self, batch: Tensor, sample_rate_hz: int) -> None:
        """Pass the batch through the chain in place, since most steps leave most examples as they are.

        Args:
            batch: Audio, float32 of shape (B, T).
            sample_rate_hz: Sample rate in Hz.

        >>> batch = torch.ones(2, 4)
        >>> chain = AugmentationParams(polarity=PolarityParams(p=1.0))
        >>> chain.draw(2, 8000, lambda step: torch.Generator()).treat(batch, 8000)
        >>> batch[0].tolist()
        [-1.0, -1.0, -1.0, -1.0]
        """
        for step in self.steps.values():
            step.treat_chosen(batch, sample_rate_hz)


def _check(batch: Tensor, sample_rate_hz: int) -> None:
    if batch.ndim != 2 or batch.shape[0] < 1 or batch.shape[1] < 2 or batch.dtype != torch.float32:
        found = f"{batch.dtype} of shape {tuple(batch.shape)}"
        raise ValueError(f"batch must be float32 of shape (B, T) with B >= 1 and T >= 2, got {found}")
    if sample_rate_hz <= 0:
        raise ValueError(f"sample_rate_hz must be > 0, got {sample_rate_hz}")
    # A sum shows a NaN or an infinity in one pass, a tenth of the time of isfinite().all().
    if batch.device.type == "cpu" and not batch.sum().isfinite():
        bad = (~batch.isfinite()).any(dim=1).nonzero()[:, 0].tolist()
        raise ValueError(f"batch must hold finite samples, got NaN or infinity in the examples {bad}")
