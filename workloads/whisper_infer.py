"""Whisper transcribing windows of 30 s: an encoder of large products, a decoder of small ones.

The unit is a second of audio, so that the rate is the real-time factor: 20 audio-seconds/s keep up
with 20 speakers. A window is encoded at once and decoded token by token against a cache of keys and
values; `--set part=encoder` or `part=decoder` measures one of them alone, because a device that is
fast at one may be slow at the other. What the tokens are is given, not chosen: with a choice, one
rounding would change all later ones, and no two precisions could be compared. Making spectrograms
of sound and text of tokens is neither run nor counted. Radford et al. 2022.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from benchbench.errors import UsageError
from benchbench.record import Precision, Scalar, Scenario, Work
from benchbench.workload import EAGER, Job, Setting, parameters, refuse

if TYPE_CHECKING:
    import torch
    from transformers import WhisperConfig

name = "whisper-infer"
scenario: Scenario = "offline"
unit = "audio-second"
precisions: tuple[Precision, ...] = ("fp32", "tf32", "bf16", "fp16")
batch_size = 1
batch_size_accelerator = 32
backends = (EAGER,)
stresses = ("compute", "memory bandwidth", "launch overhead")

DEFAULTS: dict[str, Scalar] = {"size": "tiny", "part": "all", "tokens": 100, "attention": "sdpa"}
PARTS = ("all", "encoder", "decoder")
_ATTENTION = ("sdpa", "eager")
_POSITIONS_PER_SECOND = 50  # 10 ms a frame, and the second convolution takes every other one
_TOKEN_BYTES = 8


class Shape(NamedTuple):
    """The numbers of a Whisper; the defaults are those of all sizes but the last two."""

    width: int
    encoder_layers: int
    decoder_layers: int
    heads: int
    vocabulary: int = 51865
    mels: int = 80
    positions: int = 1500
    """Of the encoder: 30 s."""
    target_positions: int = 448

    @property
    def feed_forward(self) -> int:
        """Four times as wide, in every size."""
        return 4 * self.width

    @property
    def seconds(self) -> float:
        """Audio in a window."""
        return self.positions / _POSITIONS_PER_SECOND


SIZES = {
    "tiny": Shape(384, 4, 4, 6),
    "base": Shape(512, 6, 6, 8),
    "small": Shape(768, 12, 12, 12),
    "medium": Shape(1024, 24, 24, 16),
    "large-v3": Shape(1280, 32, 32, 20, vocabulary=51866, mels=128),
    "large-v3-turbo": Shape(1280, 32, 4, 20, vocabulary=51866, mels=128),
}
"""Radford et al. 2022, table 1 (39, 74, 244, 769, 1550 million weights); the last two from 2023-11
and 2024-10 hear more frequencies and know one language more."""


def chosen_of(setting: Setting) -> tuple[Shape, dict[str, Any]]:
    """The shape and the other parameters. Raises UsageError for a value there is not."""
    given = parameters(setting, **DEFAULTS)
    for key, known in (("size", SIZES), ("part", PARTS), ("attention", _ATTENTION)):
        if given[key] not in known:
            raise UsageError(f"no {key} {given[key]!r}; choose one of {', '.join(known)}")
    shape = SIZES[given["size"]]
    if not 1 <= given["tokens"] <= shape.target_positions:
        raise UsageError(
            f"{given['tokens']} tokens do not fit; a window has 1 to {shape.target_positions}"
        )
    return shape, given


def encoder_flops(shape: Shape) -> int:
    """Of one window: two convolutions; per layer four projections, QK' and AV, feed-forward."""
    width, places = shape.width, shape.positions
    convolutions = 3 * shape.mels * width * 2 * places + 3 * width**2 * places
    products = (4 * width**2 + 2 * width * shape.feed_forward) * places
    attention = 2 * places**2 * width
    return 2 * (convolutions + shape.encoder_layers * (products + attention))


def decoder_flops(shape: Shape, tokens: int) -> int:
    """Of one window: the encoder's keys and values once, then token by token.

    Per token and layer: four projections of its own attention, which sees all tokens up to it, two
    of the attention to the encoder's positions, feed-forward; then the vocabulary's scores.
    """
    width = shape.width
    keys_and_values = 2 * width**2 * shape.positions
    products = (4 + 2) * width**2 + 2 * width * shape.feed_forward + 2 * shape.positions * width
    own_attention = 2 * width * tokens * (tokens + 1) // 2
    layer = keys_and_values + tokens * products + own_attention
    return 2 * (shape.decoder_layers * layer + tokens * width * shape.vocabulary)


def window_flops(shape: Shape, part: str, tokens: int) -> int:
    """Of the part of a window's work that is measured."""
    encoder = encoder_flops(shape) if part != "decoder" else 0
    return encoder + (decoder_flops(shape, tokens) if part != "encoder" else 0)


def encoder_weights(shape: Shape) -> int:
    """Convolutions, positions, layers (no bias on keys), and the last norm."""
    width = shape.width
    convolutions = 3 * shape.mels * width + width + 3 * width**2 + width
    layer = _attention_weights(width) + _feed_forward_weights(shape) + 2 * 2 * width
    return convolutions + shape.positions * width + shape.encoder_layers * layer + 2 * width


def decoder_weights(shape: Shape) -> int:
    """Token embeddings, which also give the scores, positions, layers of two attentions, norm."""
    width = shape.width
    embeddings = (shape.vocabulary + shape.target_positions) * width
    layer = 2 * _attention_weights(width) + _feed_forward_weights(shape) + 3 * 2 * width
    return embeddings + shape.decoder_layers * layer + 2 * width


def _attention_weights(width: int) -> int:
    return 4 * width**2 + 3 * width


def _feed_forward_weights(shape: Shape) -> int:
    return 2 * shape.width * shape.feed_forward + shape.feed_forward + shape.width


def other_flops(shape: Shape, part: str, tokens: int) -> int:
    """Everything that is no multiply-add of a matrix, unfused, per window.

    Layer norm 8 per element, softmax 5 per score, GELU 5, biases and residuals 1, positions 1: as
    in bert-large-infer.
    """
    width, places = shape.width, shape.positions
    common = 2 * (8 + 1) * width + 4 * width + 6 * shape.feed_forward  # per position and layer
    encoder = shape.encoder_layers * places * (common + 5 * shape.heads * places)
    encoder += (6 * 2 + 6 + 1 + 8) * places * width
    scores = tokens * places + tokens * (tokens + 1) // 2
    decoder = shape.decoder_layers * tokens * (common + 11 * width)
    decoder += shape.decoder_layers * (5 * shape.heads * scores + places * width)
    decoder += tokens * (1 + 8) * width
    return (encoder if part != "decoder" else 0) + (decoder if part != "encoder" else 0)


def least_bytes(shape: Shape, part: str, tokens: int, batch: int, precision: Precision) -> float:
    """Least memory traffic per window.

    Encoder: its weights once per batch; the spectrogram in, and the states between layers written
    and read. Decoder: all its weights once per token and batch, its caches of keys and values read
    at every token; the encoder's keys and values written once, scores out.
    """
    width_bytes = 2 if precision in ("bf16", "fp16") else 4
    states = shape.positions * shape.width
    encoder = encoder_weights(shape) / batch + 2 * shape.positions * shape.mels
    encoder += (1 + 2 * shape.encoder_layers) * states
    caches = 2 * shape.decoder_layers * shape.width
    seen = tokens * shape.positions + tokens * (tokens + 1) // 2
    read = decoder_weights(shape) - (shape.target_positions - 1) * shape.width
    decoder = tokens * read / batch + caches * (seen + shape.positions + tokens)
    decoder += states + tokens * shape.vocabulary
    moved = (encoder if part != "decoder" else 0) + (decoder if part != "encoder" else 0)
    return width_bytes * moved + (_TOKEN_BYTES * tokens if part != "encoder" else 0)


def memory_bytes(setting: Setting) -> float:
    """The weights of both parts, the caches of keys and values, and the widest state in between."""
    shape, given = chosen_of(setting)
    width_bytes = 2 if setting.precision in ("bf16", "fp16") else 4
    cached: int = shape.positions + given["tokens"] if given["part"] != "encoder" else 0
    caches = 2 * shape.decoder_layers * shape.width * cached
    states: int = shape.positions * shape.width * (1 + 4 * (given["part"] != "decoder"))
    weights = encoder_weights(shape) + decoder_weights(shape)
    return width_bytes * (weights + setting.batch_size * (caches + states))


def work(setting: Setting) -> Work:
    """What one second of audio costs: a window's work over its seconds."""
    shape, given = chosen_of(setting)
    part, tokens = given["part"], given["tokens"]
    moved = least_bytes(shape, part, tokens, setting.batch_size, setting.precision)
    return Work(
        unit=unit,
        flops_per_unit=window_flops(shape, part, tokens) / shape.seconds,
        other_flops_per_unit=other_flops(shape, part, tokens) / shape.seconds,
        bytes_per_unit=moved / shape.seconds,
        convention="mm2-dense-v1",
    )


def load(setting: Setting) -> Job:
    """The model with random weights on the device, and windows of noise with random tokens."""
    from benchbench.backend import inference, peeked

    refuse(setting, "data", "weights")
    shape, given = chosen_of(setting)

    def model() -> "torch.nn.Module":
        return build(setting, shape, given["attention"])

    example, batches = peeked(windows_of(setting, shape, given["part"], given["tokens"]))
    step, reference = inference(model, setting, example)
    return Job(
        batches=batches,
        step=step,  # → (batch, vocabulary) scores of the last token, or (batch, positions, width)
        units_per_step=setting.batch_size * shape.seconds,
        from_memory=True,
        parameters={**given, "data": "synthetic", "weights": "random"},
        reference=reference,
    )


def configuration(shape: Shape) -> "WhisperConfig":
    """The shape in transformers' terms."""
    from transformers import WhisperConfig

    return WhisperConfig(
        vocab_size=shape.vocabulary,
        num_mel_bins=shape.mels,
        d_model=shape.width,
        encoder_layers=shape.encoder_layers,
        decoder_layers=shape.decoder_layers,
        encoder_attention_heads=shape.heads,
        decoder_attention_heads=shape.heads,
        encoder_ffn_dim=shape.feed_forward,
        decoder_ffn_dim=shape.feed_forward,
        max_source_positions=shape.positions,
        max_target_positions=shape.target_positions,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        decoder_start_token_id=0,
    )


def build(setting: Setting, shape: Shape, attention: str) -> "torch.nn.Module":
    """Both parts in fp32 on the CPU; the same seed gives the same random weights."""
    import torch
    from transformers import WhisperForConditionalGeneration

    torch.manual_seed(setting.seed)
    model = WhisperForConditionalGeneration(configuration(shape))
    model.set_attn_implementation(attention)

    class Transcriber(torch.nn.Module):
        """Spectrogram and tokens → the last token's scores; or one part of the way."""

        def __init__(self) -> None:
            super().__init__()
            self.whisper = model

        def forward(
            self,
            input_features: torch.Tensor | None = None,
            encoded: torch.Tensor | None = None,
            decoder_input_ids: torch.Tensor | None = None,
        ) -> torch.Tensor:
            if encoded is None:
                encoded = self.whisper.model.encoder(input_features).last_hidden_state
            if decoder_input_ids is None:
                return encoded
            return self.decode(encoded, decoder_input_ids)

        def decode(self, encoded: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
            """One token at a time, as when each is only known after the one before."""
            cache, scores = None, encoded
            for index in range(ids.shape[1]):
                done = self.whisper.model.decoder(
                    input_ids=ids[:, index : index + 1],
                    encoder_hidden_states=encoded,
                    past_key_values=cache,
                    use_cache=True,
                )
                cache = done.past_key_values
                scores = self.whisper.proj_out(done.last_hidden_state)
            return scores[:, 0]

    return Transcriber().eval()


def windows_of(
    setting: Setting, shape: Shape, part: str, tokens: int
) -> Iterator[Mapping[str, "torch.Tensor"]]:
    """Noise of unit variance for spectrograms or, for the decoder, encoder states; random tokens.

    Windows into pools made before the clock starts; neighbours share nothing.
    """
    import torch

    from benchbench.backend import input_dtype
    from benchbench.synthetic import windows

    batch = setting.batch_size
    heard = (
        (shape.positions, shape.width) if part == "decoder" else (shape.mels, 2 * shape.positions)
    )
    size = batch * heard[0] * heard[1]
    random = torch.Generator().manual_seed(setting.seed)
    noise = torch.randn(4 * size, generator=random).to(setting.device, input_dtype(setting))
    called = "encoded" if part == "decoder" else "input_features"
    sounds = ({called: each.view(batch, *heard)} for each in windows(noise, size, align=64))
    if part == "encoder":
        yield from sounds
    stream = torch.randint(shape.vocabulary, (64 * batch * tokens,), generator=random)
    said = windows(stream.to(setting.device), batch * tokens)
    for sound, ids in zip(sounds, said, strict=True):
        yield {**sound, "decoder_input_ids": ids.view(batch, tokens)}
