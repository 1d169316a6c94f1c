"""The section of a campaign that training reads: features, split, network, loss and schedule."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rootzone.campaign.section import Fraction, Name, Section

Share = Annotated[float, Field(gt=0, lt=1)]
Width = Annotated[int, Field(ge=1, le=1024)]


class Features(Section):
    """What the network sees; the defaults are the 20 channels of the paper."""

    aspect: Literal["degrees", "sincos"] = "degrees"
    """aspect as one number, or as its sine and cosine, which have no seam at north"""
    classes: Literal["ordinal", "onehot"] = "ordinal"
    """land cover and climate as one number each, or as a channel for each class"""
    forcing: Literal["nearest", "bilinear"] = "nearest"
    """weather of the cell a pixel lies in, or interpolated between cells"""
    texture_depth_cm: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(gt=0)]] = (15, 30)
    """depth interval of sand, silt and clay [cm], as the texture source names it"""
    topography: tuple[Literal["position", "wetness"], ...] = ()
    """where water gathers, as further channels: height above the 21 x 21 pixels around, and the
    logarithm of the area that drains to a pixel in 16 steps over its steepness"""
    surface_moisture: str | None = None
    """GeoTIFFs of surface moisture [m3 m-3] as a further channel: a path with {date}"""
    leaf_area: str | None = None
    """GeoTIFFs of leaf area [m2 m-2] as a further channel: a path with {date}; a day without a file
    takes the nearest within 8 days"""
    physics: tuple[Literal["theta", "change_7d", "change_30d"], ...] = ()
    """physics at every pixel as further channels: water content of the day, and its changes"""


class Split(Section):
    """How dates and stations are divided for training."""

    kind: Literal["season_dates", "blocked_dates", "stations", "regions"] = "season_dates"
    """what is held out; random dates are the paper's, blocked dates leak less"""
    train: Share = 0.7
    """fraction for training"""
    validation: Share = 0.1
    """fraction for model selection"""
    test: Share = 0.2
    """fraction kept for the end"""
    block_days: Annotated[int, Field(ge=1, le=366)] = 15
    """length of a block of dates [d], for blocked_dates"""


class Learning(Section):
    """The network that turns labels into a field, and how it is trained."""

    model: Name = "unet_a"
    """network: unet_a (3,318,017 parameters), or another reading of the same words: unet_a_single,
    unet_a_double_bottleneck, unet_3m, unet_a_up3, unet_a_up4, unet_narrow, unet_flat; unet_smooth,
    net A without a lattice; unet_residual, which corrects physics; physics itself; trees or
    trees_physics (LightGBM without and with physics); auto takes the best at places left out"""
    candidates: Annotated[tuple[Name, ...], Field(min_length=1)] = (
        "physics", "trees", "trees_physics", "unet_a", "unet_residual",
    )  # fmt: skip
    """what model: auto chooses among"""
    auto_folds: Annotated[int, Field(ge=2, le=20)] = 4
    """folds of places in which model: auto holds its candidates against each other"""
    widths: Annotated[tuple[Width, ...], Field(min_length=1)] | None = None
    """channels of the encoder blocks in place of the model's own"""
    output: Literal["sigmoid", "bounds"] = "sigmoid"
    """0 to 1 as in the paper, or between each pixel's theta_r and theta_s"""
    head: Literal["point", "normal"] = "point"
    """one number a pixel, or a mean and a spread"""
    members: Annotated[int, Field(ge=1, le=20)] = 1
    """networks trained from different seeds; their spread is the uncertainty"""
    precision: Literal["fp32", "bf16"] = "fp32"
    """arithmetic of the network's body; the head is always fp32"""
    epochs: Annotated[int, Field(ge=1)] = 100
    """passes over the training samples, or rounds of steps_per_epoch batches"""
    steps_per_epoch: Annotated[int, Field(ge=1)] | None = None
    """batches in an epoch; null for one pass over the larger source"""
    batch_size: Annotated[int, Field(ge=1)] = 32
    """tiles in a batch"""
    min_labels: Annotated[int, Field(ge=1)] = 1
    """labels a tile must hold on a date to be a sample"""
    label_weights: Literal["design", "equal"] = "design"
    """what a simulated label counts in the loss: the land its site stands for, or as any other"""
    label_noise: Literal["none", "soil_spread"] = "none"
    """whether a simulated label counts less, the more it differs among the soils of soil.members"""
    station_neighbourhood_px: Annotated[int, Field(ge=0, le=16)] = 0
    """pixels around a station's own that carry its value too"""
    crop_halo_px: Annotated[int, Field(ge=0, le=256, multiple_of=8)] = 0
    """pixels read around each tile that count in no loss; a multiple of 8"""
    tile_shift_px: Annotated[int, Field(ge=0, le=64)] = 0
    """largest offset of a training tile from its lattice, drawn anew in every batch; 0 for none"""
    optimiser: Literal["adamw", "adam"] = "adamw"
    """optimiser"""
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    """step size of the optimiser at the start"""
    weight_decay: Annotated[float, Field(ge=0, le=1)] = 1e-4
    """weight decay of adamw"""
    lr_schedule: Literal["constant", "cosine", "step"] = "cosine"
    """how the step size falls; step is times 0.8 every tenth of the run"""
    clip_norm: Annotated[float, Field(ge=0)] = 1.0
    """largest norm of the gradient; 0 for no limit"""
    patience_epochs: Annotated[int, Field(ge=0)] = 0
    """epochs without a better validation after which training ends; 0 never ends early"""
    alpha_schedule: Literal["linear", "step", "step_to_zero", "cosine", "constant"] = "linear"
    """how the weight moves from data to physics; step_to_zero ends on physics alone"""
    alpha_start: Fraction = 1.0
    """weight of the data term at the start"""
    physics: Literal["full", "bound", "none"] = "full"
    """terms of the physics loss; none trains on the data alone"""
    mse_over: Literal["labels", "all"] = "labels"
    """squared errors divided by the labels' weights, or by all pixels as in the surface paper"""
    lambda_bound: Annotated[float, Field(ge=0)] | Literal["balanced"] = 1.0
    """weight of the bound penalty beside the matric-potential term; 0 leaves it out"""
    psi_space: Literal["linear", "log"] = "linear"
    """suctions compared as in the paper, or as pF, which also teaches wet and sandy soils"""
    psi_max_cm: Annotated[float, Field(gt=1)] = 15_296.0
    """suction that scales and ends the matric-potential term [cm]; 1500 kPa"""
    coherence_weight: Annotated[float, Field(ge=0)] = 0.0
    """weight of the penalty on jumps between depths, for several label depths"""
    simulated_batch_probability: Fraction = 0.2
    """chance that a batch holds simulated labels rather than stations"""
    mixing_schedule: Literal["constant", "linear"] = "constant"
    """the chance stays, or falls to nothing over the run"""
    features: Features = Features()
    split: Split = Split()
