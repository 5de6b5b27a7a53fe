"""The table of contents: what readers see, in order, and which stage writes it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Artefact:
    """One table or figure of the gallery.

    Attributes:
        name: Stem of its files.
        title: Number in the thesis, or ``Ours``.
        caption: Description for readers.
        stage: Stage that writes it, or the page that it is a picture of.
        page: That page, relative to the gallery; empty for a figure of data.
    """

    name: str
    title: str
    caption: str
    stage: str
    page: str = ""

    @property
    def is_table(self) -> bool:
        """Whether it is a table; else it is a figure."""
        return self.name.startswith("table_")


# Table 6.1 first: it is what readers come for. Numbers are those of the thesis, not of the order here.
ARTEFACTS = (
    Artefact("table_6_1", "Table 6.1", "Tag prediction by probes on frozen encoders and by supervised models trained "
             "end to end, test split. In brackets the 95 % interval of the mean, for another test split of this size "
             "and, where a run has several seeds, for other seeds; behind ± the deviation over seeds. Audible tags are "
             "those that log-mel statistics or the best supervised system tell apart on the validation split. Chance "
             "is the expected score of a random order.", "tagging"),
    Artefact("table_differences", "Ours", "The differences that matter, in macro PR-AUC: paired bootstrap over groups "
             "of test clips, deviations over seeds included, p-values corrected by Holm's method over this table. "
             "*Detectable* is the smallest true difference that such a pair shows with 80 % power.", "tagging"),
    Artefact("table_claims", "Ours", "The claims of chapters 6 and 7 of the thesis, each with the difference in macro "
             "PR-AUC between the two systems here that decide it, first minus second: paired bootstrap over groups of "
             "test clips, widened by the deviation between seeds, p-values corrected by Holm's method over the claims "
             "on one table or figure. The thesis puts the first system ahead, so a claim is reproduced where it is "
             "ahead here. Its numbers are of other data, and comparable with each other only.", "claims"),
    Artefact("fig_scores", "Ours", "The PR-AUC of Table 6.1 with its intervals, and chance.", "tagging"),
    Artefact("fig_1_1", "Figure 1.1", "PR-AUC against the number of parameters, first labelled corpus, with intervals: "
             "supervised models in grey, linear probes on pre-trained and on untrained encoders in colour; the dotted "
             "line is chance.", "tagging"),
    Artefact("fig_scaling", "Ours", "PR-AUC of the linear probe against the compute of pre-training, with intervals: "
             "one line per width, each point a run that finished its own schedule. Bands are the intervals of "
             "references.", "tagging"),
    Artefact("fig_6_3", "Figure 6.3", "PR-AUC of the linear probe after pre-training with crops and one other "
             "transformation, which is always applied, to the first view alone; the dotted line is the crop alone, "
             "whose run has several seeds. With intervals on the left, the thesis's points on the right.", "ablation"),
    Artefact("fig_6_4", "Figure 6.4", "The same with the transformation applied at a probability; 0 is the crop alone, "
             "one run for all lines. Points of different lines are set apart to the side.", "ablation"),
    Artefact("fig_6_5", "Figure 6.5", "PR-AUC against the number of labelled clips, first labelled corpus: linear "
             "probes on CLMR's frozen encoder, on the untrained encoder and on log-mel statistics, SampleCNN trained "
             "end to end, and, which the thesis does not have, CLMR's encoder fine-tuned. Bands span the subsets of "
             "the labels. The thesis's curves on the right.", "efficiency"),
    Artefact("fig_6_6", "Figure 6.6", "The same on the second labelled corpus.", "efficiency"),
    Artefact("fig_label_crossover", "Ours", "CLMR's frozen encoder minus SampleCNN, each on the same labels, with "
             "95 % intervals: paired bootstrap over groups of test clips, deviations over subsets included. The line "
             "is where supervision gets ahead and stays so, the grey span its 95 % interval, cut off at the smallest "
             "and at the largest share.", "efficiency"),
    Artefact("table_label_efficiency", "Ours", "PR-AUC on shares of the labels. Subsets are nested, and the same for "
             "all systems; all use the whole validation split, to choose a penalty or to stop. On all labels "
             "SampleCNN is the run of Table 6.1.", "efficiency"),
    Artefact("table_6_2", "Table 6.2", "Pre-training on corpora of several sizes, evaluated on the first labelled one: "
             "the same number of steps on each, then the same number of epochs. Linear probes, in round brackets those "
             "with a hidden layer. Below our rows those of the thesis, on other corpora.", "transfer"),
    Artefact("fig_transfer", "Ours", "PR-AUC of the linear probes of Table 6.2 against the size of the corpus of "
             "pre-training, with intervals. Hollow markers were pre-trained on the corpus that they are evaluated on.",
             "transfer"),
    Artefact("table_6_3", "Table 6.3", "Batch size in pre-training: pairs per step. Below our rows those of the "
             "thesis, on another corpus, at another size and schedule: what can be compared is the order of rows. The "
             "same holds for the tables that follow, whose base run has several seeds.", "ablation"),
    Artefact("table_6_4", "Table 6.4", "Duration of pre-training. Every run finishes its own schedule.", "ablation"),
    Artefact("table_6_5", "Table 6.5", "Sample rate, with crops only: each rate has its own length of input and its "
             "own kernels.", "ablation"),
    Artefact("table_6_6", "Table 6.6", "Temperature of the loss, with crops only.", "ablation"),
    Artefact("table_projector", "Ours", "Kind of projector between encoder and loss, which section 3.4 of the thesis "
             "compares without giving scores.", "ablation"),
    Artefact("fig_augmentations", "Ours", "A crop after each augmentation alone, at a mild and at a strong setting: "
             "waveforms of a short excerpt, that of the crop in grey, and spectrograms. The notebook has them as "
             "audio.", "ablation"),
    Artefact("fig_3_2", "Figure 3.2", "Pairs of crops of one training clip, drawn as in pre-training: the first pair "
             "on the waveform, all below it.", "ablation"),
    Artefact("table_2_4", "Table 2.4", "The layers of SampleCNN as built, measured on the network, beside those that "
             "the thesis prints.", "ablation"),
    Artefact("table_5_1", "Table 5.1", "Input and kernels of SampleCNN at each sample rate as built, beside those that "
             "the thesis prints.", "ablation"),
    Artefact("table_interpretability", "Ours", "The claims of chapter 7 of the thesis, each with a measure and a test: "
             "a claim is reproduced where the first value is clearly larger, as the thesis has it, and p-values are "
             "corrected by Holm's method over this table. Unlike in chapter 6, no p-value here has a deviation between "
             "seeds: each verdict is on the networks of the first seed, and another seed may reverse "
             "it.", "interpretability"),
    Artefact("fig_7_1", "Figure 7.1", "Spectra of the inputs to which filters respond most, found by gradient ascent "
             "on noise, sorted by peak: CLMR and CPC pre-trained on the first labelled corpus, each above an untrained "
             "network of its kind. The dashed line is the limit of the corpus's content; the axis ends at half the "
             "sample rate.", "interpretability"),
    Artefact("fig_7_2", "Figure 7.2", "The same after pre-training on a small corpus in Billboard's role, for fewer "
             "steps than in Figure 7.1.", "interpretability"),
    Artefact("fig_7_3", "Figure 7.3", "The same for SampleCNN trained end to end on labels, layers 1 to 6. The thesis "
             "shows a figure of Lee et al. here; this one is ours.", "interpretability"),
    Artefact("fig_filter_power", "Ours", "Figure 7.1 with the power of a filter's output made large instead of its "
             "mean, which prefers multiples of the sample rate over the hop of a layer, whatever the "
             "weights.", "interpretability"),
    Artefact("table_filters", "Ours", "Filters in numbers: the peaks of each layer, how many lie at a multiple of the "
             "sample rate over the layer's hop, the width of the band that holds a spectrum's power, and how both "
             "differ from those of the untrained network: Kolmogorov-Smirnov test of the peaks, permutation test of "
             "the bandwidths, whose ratio is one of geometric means, p-values corrected by Holm's method over this "
             "table.", "interpretability"),
    Artefact("fig_7_4", "Figure 7.4", "Mean activation of each feature of the last block over all test segments, "
             "sorted, first labelled corpus: the encoder pre-trained on it, and an untrained one.", "interpretability"),
    Artefact("fig_7_5", "Figure 7.5", "The same for the second labelled corpus: the encoder pre-trained on it, and "
             "that of Figure 7.4.", "interpretability"),
    Artefact("fig_7_6", "Figure 7.6", "Factor analysis of the features of the frozen encoder with varimax rotation, "
             "three components: the features with the largest loadings of each.", "interpretability"),
    Artefact("fig_7_7", "Figure 7.7", "The page on which to listen: the segments to which chosen features, or the tags "
             "of the linear probe, respond most, in both labelled corpora. A test photographs it in a browser; open "
             "the page itself from disk, after the stage has cut its audio.", "listening", "listening/index.html"),
    Artefact("fig_7_8", "Figure 7.8", "Tags among the clips of the 100 segments to which each feature responds most, "
             "where they are more than chance explains (hypergeometric test on clips, corrected by the method of "
             "Benjamini and Hochberg over all cells), beside the frequency of each tag in the corpus.",
             "interpretability"),
    Artefact("fig_out_of_domain", "Ours", "Section 7.5 in numbers: how far the tags of a feature's strongest segments "
             "in the corpus of pre-training agree with those in the other labelled corpus, for the same feature and "
             "for two different ones (left), and tag by tag (right).", "interpretability"),
    Artefact("table_out_of_domain", "Ours", "The features whose tags agree best between the two corpora, among those "
             "with over-represented tags in the first.", "interpretability"),
    Artefact("table_tags", "Ours", "What references hear: average precision of every tag on the test split, with 95 % "
             "intervals. A tag counts as heard by its ROC-AUC on the validation split.", "tagging"),
    Artefact("fig_6_2", "Figure 6.2", "ROC-AUC of each tag, first labelled corpus: linear probes on CLMR and CPC "
             "beside a supervised model.", "tagging"),
    Artefact("fig_6_1", "Figure 6.1", "t-SNE of the segments of a few test tracks, one colour per track.", "tagging"),
    Artefact("fig_learning_curves", "Ours", "Loss and accuracy of the contrastive tasks: the other view for CLMR, the "
             "following frames for CPC.", "tagging"),
    Artefact("fig_5_1", "Figure 5.1", "Learning rate during pre-training, as used.", "tagging"),
    Artefact("fig_4_1", "Figure 4.1", "Distribution of tags, first labelled corpus.", "tagging"),
    Artefact("fig_4_2", "Figure 4.2", "Distribution of tags, second labelled corpus.", "tagging"),
    Artefact("table_4_1", "Table 4.1", "Tags of the first labelled corpus and their clips.", "tagging"),
    Artefact("table_4_2", "Table 4.2", "Tags of the second labelled corpus and their clips.", "tagging"),
)  # fmt: skip
