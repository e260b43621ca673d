"""The small corpus on which the pages of retrieval and evaluation measure: what it costs to find the right passage.

Its documents are openings and advice of concept pages of this site, as they read in November 2026, made plain text.
They are a copy on purpose: figures that are measured on a corpus must not move when a page is edited. Each query
names the one document that answers it and the evidence, words of that document that a passage must hold to count.
Some queries use the words of their evidence; others share none with it, as people do who do not know the term.
Everything was written by the authors of this site, so it measures how methods differ and not how good one is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Document:
    """A text of the corpus.

    Parameters
    ----------
    name : str
        What identifies it: the slug of the page that it was taken from.
    title : str
        Its title.
    text : str
        Paragraphs separated by empty lines; a heading is a paragraph that begins with ``## ``.

    Examples
    --------
    >>> Document("softmax", "Softmax", "It turns scores into probabilities.").title
    'Softmax'
    """

    name: str
    title: str
    text: str


@dataclass(frozen=True)
class Query:
    """A question about the corpus.

    Parameters
    ----------
    text : str
        What somebody would type.
    document : str
        The name of the document that answers it.
    evidence : str
        Words of one paragraph of that document; a passage that holds them answers the query.

    Examples
    --------
    >>> Query("sum of the probabilities", "softmax", "add up to one").document
    'softmax'
    """

    text: str
    document: str
    evidence: str


def tokens(text: str) -> list[str]:
    """Return the words and numbers of a text in lower case, as all pages count them.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of str
        Runs of the letters a to z and digits, in order; everything else separates.

    Examples
    --------
    >>> tokens("Llama 2's 7B model (13.5 GB)")
    ['llama', '2', 's', '7b', 'model', '13', '5', 'gb']
    """
    return re.findall(r"[a-z0-9]+", text.lower())


def _document(name: str, title: str, text: str) -> Document:
    """Return a document whose lines are joined to paragraphs."""
    paragraphs = (" ".join(paragraph.split()) for paragraph in text.strip().split("\n\n"))
    return Document(name, title, "\n\n".join(paragraphs))


DOCUMENTS = (
    _document(
        "tokenization",
        "Tokenization",
        """
A language model never reads text. A tokenizer cuts the text into tokens, pieces from a fixed list, and hands over
their numbers, the ids. The list is learned once, before the model is trained, and stays with it.

Context length, speed and price are all counted in tokens, so this list decides what a text costs.

## Choosing and tuning

Never change the tokenizer of a trained model without training again. Its embeddings belong to the ids. The same text
with other ids is nonsense to it, without any error. Tokens may be added, but their rows must be learned.

Vocabulary size trades length for parameters. More merges make texts shorter, and add rows to the embedding table that
each see fewer examples.

Encode what users send without special tokens. In tiktoken, encode refuses text that spells one unless told otherwise,
and encode_ordinary reads it as plain text. Hugging Face's tokenizers turn it into the real token, unless
split_special_tokens is set.

Do not trust a chat template with foreign text. It pastes the messages into one string before that is encoded, so a
spelled-out mark opens a real turn. Encode each message alone, and insert the special tokens of the chat as ids around
it.
        """,
    ),
    _document(
        "learning-rate",
        "Learning rate and warm-up",
        """
The learning rate says how far each step of training moves the weights. It is rarely one number. A schedule lets it
rise first (warm-up) and fall later (decay). Warm-up makes a larger peak bearable; decay lets the noise settle, and
shows what the large steps had achieved.

## Choosing and tuning

The peak is the setting that matters most. Search in factors of two or three, with complete runs, small models first.
Too high shows as spikes or divergence; too low shows as nothing at all, just a worse end.

Where to begin, with AdamW. Llama 2 took peaks of 3e-4 (7 and 13 billion parameters) and 1.5e-4 (34 and 70 billion)
for pre-training, and 2e-5 for fine-tuning. LoRA wants about ten times the rate of full fine-tuning. If you set
nothing, the trainer of Hugging Face Transformers takes 5e-5 with linear decay and no warm-up.

Carrying it to a larger model. Under muP, a way to scale initial weights and rates with the width, the best rate found
on a small model stays nearly the best on a large one. Kosson et al. find that its assumptions hold only briefly in
practice, and that later weight decay does this work.
        """,
    ),
    _document(
        "overfitting",
        "Overfitting",
        """
A model overfits while its loss on the training data falls and its loss on new data of the same kind rises. It then
learns what is true of these examples only: their noise, their wording, their mistakes.

Nobody sees this in the training loss. It takes held-out data, which the model never trains on, and a fair split is
where most of the work lies.

Two popular signs mislead. Size alone is no sign: a model just large enough to memorize its data can do worse than
both a smaller and a much larger one. Nor are loops in generated text; they often come from the decoding.

## Choosing and tuning

Split by group and remove near-copies; if the model will meet later data, hold out the latest. Overlap with the
training data touched over 4% of the validation sets of common corpora, as reported by Lee et al.

Keep the best checkpoint, by the measure you care about. Choosing among many on a small set overfits that set; keep a
second one for the final figure.

More varied data first, where they can be had. Then come fewer epochs, weight decay, dropout, a smaller trainable part
such as LoRA.

Mixture of experts: mind small tasks. A sparse model did worse than a dense one of equal compute on 250 training
examples and better on 138,000. More dropout in the experts helped moderately; training only the other parameters did
as well as training all.
        """,
    ),
    _document(
        "catastrophic-forgetting",
        "Catastrophic forgetting",
        """
A model that is trained on new data alone gets worse at what it could do before. This is catastrophic forgetting,
known in neural networks for decades. The loss is evaluated on the new data only, so nothing in training holds the old
skills in place.

## Choosing and tuning

Measure first. Old tasks, the loss on text like the pre-training data, refusals; and the base model on the same.

Replay if you can. Mix in old data, or text like it where the old data are closed. It costs its share of the compute.
InstructGPT mixed pre-training gradients into PPO against losses on public tasks.

Move less. A lower learning rate, fewer steps, LoRA. All buy retention with learning; plot both, and stop where the
new gain no longer pays.

Keep the way back. An unmerged adapter can be switched off, and then nothing is lost.

EWC needs the old data once and a second copy of the weights and their importance. It failed where a model must tell
by itself which task it faces, and replay seemed required.

Do not train at all: for facts, retrieval leaves the weights alone.
        """,
    ),
    _document(
        "batch-size",
        "Epochs, batch size and gradient accumulation",
        """
The batch size is how many training examples go into one update of the weights. An update is a step, and one pass over
the training set is an epoch: 10,000 examples make 625 steps in batches of 16, and 157 in batches of 64.

So one number decides two things at once, how noisy each step is and how many steps the data buys. A larger batch is
the calmer choice, not the more aggressive one: at the same learning rate the model moves less per epoch.

## Choosing and tuning

The micro-batch is set by memory. Weights, gradients and the optimizer's averages do not depend on it, activations do.
With a vocabulary of 128,000 and sequences of 2,048 tokens, the logits alone take 1.05 GB per sequence in float32,
unless the loss is computed in pieces.

Accumulation buys memory, not speed. Use it when the batch that you want does not fit. Marek et al. advise against it
unless several devices hold copies of the model: in their language models, batches down to a single sequence trained
stably and did equally well or better for the same compute, once Adam was adapted.

Scale the rate with the batch, in proportion for plain gradient descent, by the square root for Adam. The first rule
ends near the noise scale, and the second is an approximation for noisy gradients, so try neighbouring rates as well.
        """,
    ),
    _document(
        "weight-decay",
        "Weight decay",
        """
Weight decay makes every weight a little smaller at every step of training. In PyTorch's AdamW, the usual optimizer of
language models, each step takes the share learning rate times weight decay: with 0.001 and 0.1, one part in 10,000.

It began as a guard against overfitting. In a model that sees its text about once, that is not its main effect. There
it decides how far the weights turn at each step, like a second learning rate.

## Choosing and tuning

Defaults differ. PyTorch's AdamW has 0.01, its Muon 0.1, the trainer of Hugging Face's library 0, and the script of
OLMo 3 with 32 billion parameters sets 0.1 at a peak learning rate of 0.0006.

What to leave out. Usually biases and the gains of normalizations, as in Hugging Face's trainer. On embeddings recipes
part: nanoGPT decays all tensors with two dimensions or more, and so embeddings; the script of OLMo 3 exempts
embeddings, and nothing else.

Fine-tuning. Decay pulls towards zero, which is away from the pretrained weights. With a learning rate of 0.00002 and
a decay of 0.01, 1,000 steps take 0.02%: next to nothing, and a memory of 5,000,000 steps is far too long for any
balance. In LoRA it shrinks the two factors, so the update fades and leaves the base model. Their product fades twice:
where a weight keeps 0.9048 it keeps 0.8187.
        """,
    ),
    _document(
        "mixture-of-experts",
        "Mixture of experts",
        """
Where a dense transformer has one feed-forward block in a layer, a mixture of experts (MoE) has several, the experts,
and a small router that sends each token to a few of them. Mixtral 8x7B holds 47 billion parameters and uses 13
billion of them for any one token; DeepSeek-V4-Flash, in 2026, holds 284 billion and also uses 13.

So computation follows the experts that a token visits, and memory follows all that exist. That is the bargain: many
more parameters for the same computation, paid for with memory, with a router that must be kept from playing
favourites, and with traffic between machines.

## Choosing and tuning

The trend is to many small experts. They also spread a batch over more memory: at 8 of 256, chosen at random, 73
tokens together touch nine tenths of the experts.

Coefficients. Switch multiplied its balance loss by 0.01; ST-MoE its z-loss by 0.001.

Precision. Run the router in float32. Switch-Base was unstable in bfloat16, and stable with the router alone in
float32.

Capacity. ST-MoE recommends top-2 with factor 1.25 in training. When fine-tuning, dropping 10-15% of the tokens hardly
hurt it.

Fine-tuning. On small data, mind overfitting: on 250 examples ST-MoE-L did worse than its dense counterpart. Do not
tune the experts alone: that cost it much quality, while tuning all but them worked about as well as tuning
everything.
        """,
    ),
    _document(
        "positional-encoding",
        "Positional encoding",
        """
Attention weighs tokens by what they say, not by where they stand. Without help, "dog bites man" and "man bites dog"
give it the same three tokens, and each token gets the same result.

A positional encoding tells it the order. The first transformer added waves to the embeddings; most language models
now turn queries and keys by an angle that grows with the position (RoPE), in all layers or in some. Less known: in a
model that looks only backward, the causal mask gives the order away by itself, so such models learn to use positions
without any encoding.

## Choosing and tuning

Base. It sets the slowest turn: with 128 entries, 54,410 tokens at a base of 10000, and 5,063,256 at 1000000. Makers
raise it for long contexts.

Stretching. Position interpolation squeezes new positions into the trained range, and needs a short fine-tuning. YaRN
slows only the slow pairs and leaves the fast ones, as in gpt-oss. Measure on your own long texts, not on the needle
test alone.

Pairs. Entries are paired as neighbours in Meta's code, and first half with second half in gpt-oss. Both are RoPE;
with the columns of the other, shapes fit and the output is wrong.

Precision. Compute the angles in float32, as both codes do. In bfloat16, neighbouring positions of a long text round
to the same number.
        """,
    ),
    _document(
        "diffusion",
        "Diffusion models",
        """
A diffusion model makes data out of noise, a little at a time. In training, noise is mixed into the data until nothing
can be recognised, and a network learns to guess that noise. To generate, one begins with pure noise and takes away a
part of what the network sees as noise, again and again.

Training is stable: a squared error, and no second network as in a GAN. The price is paid later: each step of sampling
is a pass through the network, and the plain sampler takes a thousand. Much of the progress since is about needing
fewer, down to a single one.

## Choosing and tuning

Steps. Begin with the sampler and the number that the model's makers give, then halve the steps until the spread or
the detail suffers. Each step costs one pass, and twice that where a guided model is asked with and without the
prompt.

Few steps need another model, not only another sampler. Consistency models map noise to data directly, in one step or
a few; others are trained on with a GAN loss until one pass does.

Newer image models often use rectified flow, a kind of flow matching: noise and data are mixed along a straight line,
and the network learns the direction from one to the other. In a large study of 2024 this did better than the usual
diffusion for images from text, its authors report. Its best guess is an average, too.

Codes instead of pixels. Latent diffusion runs on the codes of an autoencoder, which makes each step cheaper.
        """,
    ),
    _document(
        "rnn",
        "Recurrent neural networks",
        """
A recurrent neural network (RNN) reads a sequence one item at a time and carries a hidden state along: a vector of
fixed size that is all it keeps of the past. So each step costs the same, whatever came before. Two things are paid
for that. The state must hold everything, and training has to send its gradient back through every step, where it
fades or explodes.

## Choosing and tuning

For text, take a transformer, or a hybrid. As of 2026 several large open models keep full attention in one layer of
four and use linear recurrences in the other three, Qwen3.5 among them. For Kimi Linear, which mixes both so, its
authors report up to 75% less cache and up to six times the decoding speed at a million tokens, and better results
than full attention in the same training; that is the makers' own measurement.

Why not recurrence alone? A state of fixed size cannot hold any text: a two-layer transformer can copy strings of
exponential length, a model with a fixed state cannot, and pretrained state-space models were far worse at copying and
looking up from their context.

Take recurrence where memory must stay constant: streams without an end, small devices, long time series. A
transformer's cache grows with every token.

Gates: set the forget bias by the lag that you expect; take a GRU where parameters are scarce.

Clip the gradient's norm against explosions.
        """,
    ),
    _document(
        "kv-cache",
        "KV cache",
        """
A language model writes one token at a time, and each new token looks back at all earlier ones. What it reads there
are their keys and values, one pair for each layer, and these never change once computed. The KV cache stores them. A
new token then costs the work of one token instead of the work of the whole text so far, and the result is the same.

## Choosing and tuning

Budget. Memory, less weights and working space, divided by the bytes per token is the number of tokens that all
conversations together may hold. It is the first number to compare between models for long texts.

Eight bits first. On vLLM's own measurement, Qwen3-4B on a 24 GB L4, an FP8 cache held 166,992 tokens instead of
83,488; writing for a single request became 1 % faster at 2,000 tokens and 21 % at 32,000. Calibrate the scales: with
the default of one, quality can suffer. Below eight bits, keys and values want different treatment; KIVI stores both
in two bits, keys scaled by channel and values by token, and reports almost the same quality for Llama, Falcon and
Mistral models. Check it on your longest texts and hardest tasks; window layers are more sensitive, says vLLM's guide,
which can leave them unquantized.
        """,
    ),
    _document(
        "batching",
        "Batching without padding",
        """
A batch is a rectangle, and texts are not equally long. Filled up with padding tokens, prompts of 2048, 100, 50 and 20
tokens take 8,192 places, of which 72.9% hold nothing.

There are two cures. Packing lays the sequences end to end in one row, and a mask keeps each to itself. Continuous
batching does the same over time: when one answer ends, the next request takes its place at once, instead of waiting
until the longest answer of the batch is done.

The second matters more for a server. How much depends on one thing: how unequal the answers are.

## Choosing and tuning

Serving. Use an engine that batches continuously; the well-known ones do, and so does generate_batch of Hugging Face's
library. Then the limit is memory for caches, and a cap on concurrent requests keeps each one fast enough. One
drawback: the requests around it change how sums are rounded, so a prompt can get different answers even at
temperature zero, as reported.

Offline work through a plain generate. Sort by length, and pad on the left: generation continues after the last place,
and on the right that is padding.
        """,
    ),
    _document(
        "chunked-prefill",
        "Prefill and chunking",
        """
A prompt is known in full before the answer begins. So all its keys and values can be computed side by side, in one
pass that fills the KV cache: this is prefill, and its last row already gives the first token of the answer. From
there on the model decodes, one token a pass.

One pass over a long prompt needs much memory, and everyone else on the machine waits for it. Cut into chunks, each of
which attends to the cache and to itself, the same prefill gives the same result, and between two chunks there is room
for the tokens of others.

## Choosing and tuning

The budget is max_num_batched_tokens in vLLM. Its guide names 2,048 as a small value, good for the pauses, larger ones
as better for the first token, and above 8,192 for throughput with small models on large GPUs. Begin at the knee, or
above it if the running answers alone use up most of that, and raise it until the pauses hurt.

Separate machines. Prefill and decoding can run on different machines, and the cache is sent across. That tunes both
waits independently and keeps the slowest pauses in check. On throughput sources differ: it does not rise, says vLLM,
which still calls its version experimental; it does for long prompts on larger models, says llm-d, which deploys vLLM
in this way. Large services do it all the same: DeepSeek planned its system for V4.1-Flash around prefill on machines
of 8 GPUs and decoding on groups of 64 to 128, as the start of its report on the deployment says.

Paged attention is no part of it.
        """,
    ),
    _document(
        "model-sharding",
        "Model sharding",
        """
A model too large for one device is cut into pieces, in one of three ways.

Between layers: consecutive layers on consecutive devices.

Inside layers, as tensor parallelism: each device holds a slice of every matrix, and all work on the same token.

By state, as ZeRO or FSDP for training: each device keeps a share of weights, gradients and optimizer, and borrows the
rest when it needs it.

The first needs little traffic and makes no single token faster. The second lowers latency and wants the fastest links
there are. The third changes where numbers are kept and nothing about who computes what. All give the unsplit result
up to rounding.

## Choosing and tuning

Begin with the smallest number of devices that holds weights and cache: 70 billion weights in 16-bit numbers are 140
GB, or 17.5 GB on each of 8. Split inside layers as far as the fast links reach, and by stages beyond. The split must
divide the heads. With more devices than key-value heads, copy the weights of these heads and cut the cache by
sequences or positions instead.

Take FSDP first, since it needs no change of the model. Add tensor parallelism inside the server and stages across
servers when the batch per device becomes too small. The common combination was worked out for models up to a trillion
weights.

Sharding by state sends weights for every step. One decoding step uses each weight for a few tokens only, so leaving
FSDP on in serving is an easy way to be ten times slower.

The experts of a mixture go to different devices, and a long prompt can be cut by positions.
        """,
    ),
    _document(
        "real-time-factor",
        "Real-time factor",
        """
The real-time factor (RTF) says how fast a system works through speech or other media: processing time divided by the
duration of the media. 6 s of work for 60 s of audio is a factor of 0.1; below one is faster than real time.

Its inverse is written RTFx, here 10: seconds of audio per second of work, and higher is better. Both are printed
under the name RTF, with opposite meanings.

The factor is a figure of one stream, so it resembles a latency. What a server does for all streams together is its
throughput, and the delay before the first word is neither.

## Choosing and tuning

For live use report the factor of one stream at the load that you will have, with its high percentiles: a stream with
a factor above one falls behind and stays behind. Add the delay until the first and until the final words; no factor
contains them, and Microsoft's manual measures the delay of words apart.

For archives report throughput: hours of audio per hour and chip.

Always state hardware, batch size, precision, the lengths of the files, and whether loading, decoding and warm-up are
inside the clock. FunASR ask for the same.

For speech synthesis the media is the output: count its duration, not that of the prompt.

For language models the factor has no meaning, since text has no duration; use time per token.
        """,
    ),
    _document(
        "dpo",
        "Direct preference optimization",
        """
Direct preference optimization (DPO) trains a language model on pairs of responses to one prompt, of which one was
preferred. It raises the log-probability of the preferred one relative to the other, both measured against a frozen
copy of the model from before. That is a classification loss on data that lie on disk: no reward model, no sampling,
no reinforcement learning. So it is simple and light next to RLHF, and became the usual preference step after
supervised fine-tuning in open recipes.

## Choosing and tuning

Use DPO when you have pairs, and a supervised model that already gives answers like those in them. Do not use it where
answers can be checked by a program: reinforcement learning on such rewards can find better answers than the pairs
hold. For single good-or-bad labels take KTO.

The reference is the supervised model from which the policy starts; if there is none, fine-tune on the chosen answers
first. A stronger reference helps only if it resembles the policy. It costs one more forward pass for each answer and,
held in memory, a second model; with LoRA no memory: it is the same model with the adapter off.
        """,
    ),
    _document(
        "reward-model",
        "Reward model",
        """
A reward model reads a prompt and a response and returns one number: how well people would like this response,
compared with others to the same prompt. It is a language model with another head, trained on pairs of which a person
preferred one. Once trained, it answers in a fraction of a second what a person needs minutes for, so it can steer
reinforcement learning, choose the best of several answers, or filter data.

Two facts decide how far it can be trusted. Only differences of its scores within one prompt mean anything. And it is
a stand-in: whoever optimizes it hard enough finds where it is wrong.

## Choosing and tuning

Use one where quality is a matter of taste, a check by program is impossible, and you need scores for text that did
not exist when people judged: for PPO, for best-of-n, for filtering.

Use a program instead where answers can be checked. A verifiable reward (tests, an exact answer) replaces the model in
mathematics and code; DeepSeek did so for R1-Zero, since learned rewards invite hacking in large runs. Such a check
can be gamed too, where it checks less than you mean.

Use DPO if you only want a policy from the pairs: it needs no reward model.

Use a judge, a language model that reads a list of criteria (a rubric), where no pairs exist; such rubric rewards
spread in 2025 and 2026 and inherit the judge's biases.
        """,
    ),
    _document(
        "rejection-sampling",
        "Rejection sampling fine-tuning",
        """
Let the model write several answers to a prompt, score each, and keep the best: that is best-of-n. Fine-tune the model
on the kept answers, and it is rejection sampling fine-tuning: the second classic way, next to PPO, to use a reward
model in RLHF, and by far the simpler one. It needs a sampler, a scorer and ordinary supervised fine-tuning. Llama 2
and Llama 3 chat models were trained with it. Each doubling of the draws buys less than the one before, and all of it
is measured by the scorer, right or wrong.

## Choosing and tuning

How many draws. Llama 3 used 10 to 30 per prompt, and a handbook of the field names the same range and temperatures
from 0.7 to 1 as common. Settings are seldom published.

Temperature. Draws that are alike give nothing to choose from. After RLHF, Llama 2 found 1.2 to 1.3 best for 10 to 100
draws, and had to readjust it in every version.

Keep the old winners. Llama 2 first trained each version on samples of the last one only, and some skills got worse,
rhyming among them; from then on it kept top samples of all earlier rounds. That is one team's report, without
figures.

Draw with the largest, train all. Only the 70-billion-parameter Llama 2 drew samples; the smaller models were
fine-tuned on its winners, which is distillation.
        """,
    ),
    _document(
        "knowledge-distillation",
        "Knowledge distillation",
        """
Knowledge distillation trains a small model, the student, on the answers of a large one, the teacher. A label says
which answer is right. The teacher also says how likely each wrong one is, and that alone can teach a class of which
the student never sees an example.

The student then runs where the teacher cannot: MobileBERT, made in this way, needs 62 ms on a phone and loses 0.6
points of the GLUE score against BERT base.

## Choosing and tuning

Form. With only a teacher's text, sequence level is what there is. It also comes first when the student cannot do the
task at all: its own texts are then not worth grading. DeepSeek fine-tuned small models on about 800,000 samples, most
of them from R1; its distilled 32B model scored 72.6% on AIME 2024, while reinforcement learning on the same base gave
47.0%, in its report of January 2025.
        """,
    ),
    _document(
        "continual-pretraining",
        "Continual pre-training",
        """
New text appears every day, and a finished model does not know it. Continual pre-training takes that model and goes on
with pre-training: the same next-token loss, on the new text. The common practice is to begin again from random
weights, on old and new text together; going on saves the part of the compute that is already in the model.

Two things can go wrong: the model adapts poorly to the new text, or it forgets the old. Three plain measures answer
both: raise the learning rate again (re-warming), let it fall again (re-decaying), and mix in some old text (replay).

## Choosing and tuning

Recipes still differ. Abbes et al. found replay to steady models of the Llama family over several languages, with 100
billion tokens of each; by their account, compute is better spent on a little replay than on a larger model, and
better on a larger model than on much replay. Wang et al. describe the course of the loss by two parts, the shift of
the data and the fall of the rate, and predict from it how replay and peak act; by their abstract this held over their
data sets. For a model of 15 billion weights, Parmar et al. tune the mixture of data and the schedule together, and
report in their abstract a mean accuracy 9% above going on with the old data. Singh et al. report that repeated cosine
schedules make models forget in each re-warming, and that infinite schedules did better in image and language models;
we know of no comparison at the size of the largest models.
        """,
    ),
    _document(
        "supervised-fine-tuning",
        "Supervised fine-tuning",
        """
A pretrained model continues text; asked a question, it may well add more questions. Supervised fine-tuning (SFT)
trains it further on examples of what is wanted: an instruction, and the response that it should have had. It is the
first step of making a model useful, and preference training, such as RLHF or DPO, starts from its result.

## Choosing and tuning

Read the defaults. TRL is a much used library. Its trainer masks the prompt if the data have the columns prompt and
completion; given messages or plain text, everything counts until you set assistant_only_loss=True. What exceeds
max_length is cut from the end, which is where the answer and its end token are. packing is off; switched on, it keeps
examples apart with the strategy "bfd" and not with "wrapped", which cuts anywhere.

Five settings deserve thought: epochs, learning rate, its warm-up, weight decay, and the effective batch size; TRL's
defaults for the last three are none, zero and 8 a device. With LoRA add its rank, scale and layers, and a higher
rate. Choose the checkpoint by its answers: InstructGPT's loss on held-out data rose after 1 epoch, while more epochs
improved people's ratings.
        """,
    ),
    _document(
        "lora",
        "LoRA",
        """
Low-rank adaptation (LoRA) fine-tunes a model without touching its weights. Beside a frozen weight matrix it trains
two thin ones, whose product is added. For GPT-3 with its 175 billion weights, rank 4 on two matrices per layer means
18,874,368 trained numbers, a file of 37.7 MB at 2 bytes each. One base model then serves many tasks, each with a
small file; or the product is added to the weights, and the model is as fast as before. Memory falls too, because
frozen weights need neither gradients nor optimizer state.

## Choosing and tuning

Layers. By default the library PEFT looks it up in a table: q_proj and v_proj for Llama, Mistral and Qwen, c_attn for
GPT-2, fc1 and fc2 besides for Phi, and an error for a model that it does not know. c_attn is no minimal choice: it
holds query, key and value in one matrix, and with r=8 has 294,912 trained numbers in 12 layers. It is stored
transposed; fan_in_fan_out says so, and PEFT mends it with a warning. Name "all-linear" instead: QLoRA's authors
needed LoRA on all linear layers of LLaMA 7B to match full fine-tuning, and Thinking Machines reports that attention
alone does worse even with as many parameters.
        """,
    ),
    _document(
        "qlora",
        "QLoRA",
        """
QLoRA (quantized low-rank adaptation) is LoRA on a base model whose frozen weights are stored in 4 bits. For the seven
billion weights of Llama 2 7B that means 3.9 GB instead of 13.5 GB, and the small factors that are trained keep their
full precision. It brought the fine-tuning of a 65B model onto one GPU of 48 GB, where full fine-tuning wants more
than 780 GB.

The saving is memory, not work: each matrix product still runs in 16 bits, on weights that are read back first. So use
it where the model would not fit otherwise, and plain LoRA where it does.

## Choosing and tuning

The paper names bfloat16 for factors and products. PEFT makes them float32, and prepare_model_for_kbit_training does
so with everything that is not in 4 bits: 0.5 GB of embeddings and output layer become 1.0 GB.

Time. A step takes longer than with LoRA, which Google's guide calls about 66% faster; models and hardware behind the
figure are not stated.
        """,
    ),
    _document(
        "multi-adapter-serving",
        "Serving many adapters",
        """
At 2 bytes each, a fine-tuned model of 7 billion weights takes 14 GB. A hundred of them, one for each customer, take
1,400 GB. Tuned with LoRA instead, the hundred share one base model, and their adapters together take 0.84 GB.

Multi-adapter serving keeps one base model on the GPU, loads adapters as they are asked for, and puts requests for
different adapters into the same batch. The large product with the base weights is done once for all of them; only the
small ones differ. So a rarely used fine-tuned model costs almost nothing while nobody asks for it.

## Choosing and tuning

Agree on one rank and one set of layers for all tenants. Slots are sized for the largest rank that the server accepts.

Keep it small. With 22 large adapters in a batch, reading them costs half as much as reading the base.

Send a tenant's requests to the same replica, so that its adapter and its cached prompts are already there; Ray Serve
routes so.

Watch the first request. An adapter that is not in memory must be loaded first, from the network in the worst case.

Do not let users load adapters. vLLM warns that its endpoint for loading at run time is risky in production, and
switches it on only on request.

Test each adapter on the base it was trained on, quantized as it will be served: it is an update to those weights.
        """,
    ),
    _document(
        "layer-pruning",
        "Layer pruning",
        """
Layer pruning (depth pruning) takes whole layers out of a trained model and trains the rest a little, to heal it.
Nothing about the result is special: without eight of its 32 layers, Llama 2 7B has 24% fewer weights, and a quarter
less cache and work in the layers, on any hardware. Which layers may go is judged by how little they turn the residual
stream.

On tests of knowledge it works startlingly well: Llama-2-70B kept its score on MMLU until nearly half of its layers
were gone. On arithmetic and code it does not, even after long repair.

## Choosing and tuning

What it saves. Weights, computation and cache, each in proportion to the layers: 3.2 GB as 16-bit numbers for those
eight of Llama 2 7B. Quantization to 4-bit codes saves more memory, but no arithmetic; the two can be combined.

Healing. A little QLoRA is enough for the loss, not for reasoning. Shrestha et al. report in their abstract that
fine-tuning on answers of the model itself recovers up to 90% of the scores on classification; on GSM8K and HumanEval+
recovery is limited, even after about 400 billion tokens, and even for plain arithmetic. Who compresses in earnest
therefore trains for long, with the whole model as teacher. NVIDIA's Minitron does, and its numbers favour cutting the
width: narrower layers instead of fewer. Nemotron Elastic, of 2025, trains models of 9B and 6B inside one of 12B,
chooses depth by the error that a missing layer makes, and needs 110 billion tokens for all, by its makers' account.
        """,
    ),
)
"""What is searched, in the order of the site."""

QUERIES = (
    Query("What is a token id?", "tokenization", "hands over their numbers, the ids"),
    Query(
        "Can I swap the vocabulary of a finished model?",
        "tokenization",
        "Never change the tokenizer of a trained model without training again",
    ),
    Query(
        "A customer types the end-of-turn marker into my chatbot",
        "tokenization",
        "so a spelled-out mark opens a real turn",
    ),
    Query("peak learning rate of Llama 2", "learning-rate", "1.5e-4 (34 and 70 billion) for pre-training"),
    Query(
        "Why begin with small steps and end with small steps?",
        "learning-rate",
        "Warm-up makes a larger peak bearable; decay lets the noise settle",
    ),
    Query(
        "default schedule of the Hugging Face trainer", "learning-rate", "takes 5e-5 with linear decay and no warm-up"
    ),
    Query(
        "How do I notice that a network only memorizes its examples?",
        "overfitting",
        "It takes held-out data, which the model never trains on",
    ),
    Query(
        "Do sparse expert models do badly on small data sets?",
        "overfitting",
        "A sparse model did worse than a dense one of equal compute on 250 training examples",
    ),
    Query(
        "choosing among many checkpoints on one validation set",
        "overfitting",
        "Choosing among many on a small set overfits that set",
    ),
    Query("catastrophic forgetting", "catastrophic-forgetting", "gets worse at what it could do before"),
    Query(
        "After fine-tuning on our tickets the bot can no longer do arithmetic",
        "catastrophic-forgetting",
        "Mix in old data, or text like it where the old data are closed",
    ),
    Query(
        "weakness of EWC", "catastrophic-forgetting", "It failed where a model must tell by itself which task it faces"
    ),
    Query(
        "How many steps does one pass over 10,000 examples take?",
        "batch-size",
        "10,000 examples make 625 steps in batches of 16",
    ),
    Query("Does gradient accumulation make training faster?", "batch-size", "Accumulation buys memory, not speed"),
    Query("What limits the micro-batch?", "batch-size", "The micro-batch is set by memory"),
    Query(
        "weight decay in PyTorch's AdamW", "weight-decay", "each step takes the share learning rate times weight decay"
    ),
    Query("Which parameters should not be shrunk?", "weight-decay", "Usually biases and the gains of normalizations"),
    Query(
        "Does shrinking the weights matter in a short fine-tuning run?",
        "weight-decay",
        "1,000 steps take 0.02%: next to nothing",
    ),
    Query("MoE router precision", "mixture-of-experts", "Run the router in float32"),
    Query(
        "Why does a model with few active weights still need so much memory?",
        "mixture-of-experts",
        "memory follows all that exist",
    ),
    Query("How large is the balance loss?", "mixture-of-experts", "Switch multiplied its balance loss by 0.01"),
    Query("RoPE base for long contexts", "positional-encoding", "5,063,256 at 1000000"),
    Query(
        "How does a network know the order of the words?",
        "positional-encoding",
        "A positional encoding tells it the order",
    ),
    Query(
        "The rotated queries of two code bases do not agree",
        "positional-encoding",
        "with the columns of the other, shapes fit and the output is wrong",
    ),
    Query(
        "How are images generated from noise?",
        "diffusion",
        "one begins with pure noise and takes away a part of what the network sees as noise",
    ),
    Query(
        "picture generator in a single pass",
        "diffusion",
        "Consistency models map noise to data directly, in one step or a few",
    ),
    Query("rectified flow", "diffusion", "noise and data are mixed along a straight line"),
    Query("hidden state of an RNN", "rnn", "a vector of fixed size that is all it keeps of the past"),
    Query("Why do state-space models copy text badly?", "rnn", "A state of fixed size cannot hold any text"),
    Query("network for an endless stream on a small device", "rnn", "Take recurrence where memory must stay constant"),
    Query("Why does a new token not cost the work of the whole text?", "kv-cache", "The KV cache stores them"),
    Query(
        "How many conversations fit into the memory of my GPU?",
        "kv-cache",
        "divided by the bytes per token is the number of tokens that all conversations together may hold",
    ),
    Query("FP8 cache in vLLM", "kv-cache", "an FP8 cache held 166,992 tokens instead of 83,488"),
    Query("continuous batching", "batching", "when one answer ends, the next request takes its place at once"),
    Query("On which side should I pad?", "batching", "pad on the left: generation continues after the last place"),
    Query(
        "same prompt, different answers although nothing is random",
        "batching",
        "a prompt can get different answers even at temperature zero",
    ),
    Query("max_num_batched_tokens", "chunked-prefill", "The budget is max_num_batched_tokens in vLLM"),
    Query(
        "Everyone waits while one user's huge document is read",
        "chunked-prefill",
        "between two chunks there is room for the tokens of others",
    ),
    Query(
        "prefill and decoding on separate machines",
        "chunked-prefill",
        "That tunes both waits independently and keeps the slowest pauses in check",
    ),
    Query("tensor parallelism", "model-sharding", "each device holds a slice of every matrix"),
    Query(
        "Why is FSDP slow for inference?",
        "model-sharding",
        "leaving FSDP on in serving is an easy way to be ten times slower",
    ),
    Query("70B model on 8 GPUs", "model-sharding", "17.5 GB on each of 8"),
    Query(
        "RTF of 60 s of audio processed in 6 s", "real-time-factor", "6 s of work for 60 s of audio is a factor of 0.1"
    ),
    Query(
        "Is a higher value better for speech recognition speed?",
        "real-time-factor",
        "seconds of audio per second of work, and higher is better",
    ),
    Query("Does DPO need a reward model?", "dpo", "no reward model, no sampling, no reinforcement learning"),
    Query(
        "learning from pairs of a better and a worse answer",
        "dpo",
        "on pairs of responses to one prompt, of which one was preferred",
    ),
    Query(
        "Which model serves as the reference?",
        "dpo",
        "The reference is the supervised model from which the policy starts",
    ),
    Query(
        "What does a reward model return?",
        "reward-model",
        "returns one number: how well people would like this response",
    ),
    Query(
        "Can I compare scores of answers to different questions?",
        "reward-model",
        "Only differences of its scores within one prompt mean anything",
    ),
    Query(
        "grading with unit tests instead of human taste",
        "reward-model",
        "A verifiable reward (tests, an exact answer) replaces the model in mathematics and code",
    ),
    Query(
        "best-of-n",
        "rejection-sampling",
        "Let the model write several answers to a prompt, score each, and keep the best",
    ),
    Query("How many candidates did Llama 3 draw?", "rejection-sampling", "Llama 3 used 10 to 30 per prompt"),
    Query("The new version forgot how to rhyme", "rejection-sampling", "it kept top samples of all earlier rounds"),
    Query(
        "teacher and student",
        "knowledge-distillation",
        "trains a small model, the student, on the answers of a large one, the teacher",
    ),
    Query(
        "How did small DeepSeek models learn to reason?",
        "knowledge-distillation",
        "DeepSeek fine-tuned small models on about 800,000 samples, most of them from R1",
    ),
    Query("re-warming, re-decaying and replay", "continual-pretraining", "raise the learning rate again (re-warming)"),
    Query(
        "keep a finished model up to date with this year's news",
        "continual-pretraining",
        "goes on with pre-training: the same next-token loss, on the new text",
    ),
    Query(
        "What does TRL do with examples that are too long?",
        "supervised-fine-tuning",
        "What exceeds max_length is cut from the end",
    ),
    Query(
        "The base model answers a question with more questions",
        "supervised-fine-tuning",
        "asked a question, it may well add more questions",
    ),
    Query(
        "validation loss rises while people like the answers more",
        "supervised-fine-tuning",
        "while more epochs improved people's ratings",
    ),
    Query("size of a LoRA file for GPT-3", "lora", "a file of 37.7 MB at 2 bytes each"),
    Query("Which layers does PEFT adapt for Llama?", "lora", "q_proj and v_proj for Llama, Mistral and Qwen"),
    Query("cheap tuning with two thin matrices", "lora", "Beside a frozen weight matrix it trains two thin ones"),
    Query("QLoRA memory of Llama 2 7B", "qlora", "3.9 GB instead of 13.5 GB"),
    Query("fine-tune a 65B network on one card", "qlora", "the fine-tuning of a 65B model onto one GPU of 48 GB"),
    Query("Does storing the frozen weights in 4 bits save time?", "qlora", "The saving is memory, not work"),
    Query(
        "one fine-tuned model for each of a hundred customers",
        "multi-adapter-serving",
        "their adapters together take 0.84 GB",
    ),
    Query(
        "vLLM endpoint for loading adapters",
        "multi-adapter-serving",
        "its endpoint for loading at run time is risky in production",
    ),
    Query(
        "The first request of a tenant is slow",
        "multi-adapter-serving",
        "An adapter that is not in memory must be loaded first",
    ),
    Query("layer pruning", "layer-pruning", "takes whole layers out of a trained model and trains the rest a little"),
    Query(
        "What breaks when I remove a third of the blocks?",
        "layer-pruning",
        "On arithmetic and code it does not, even after long repair",
    ),
    Query(
        "NVIDIA Minitron: depth or width?",
        "layer-pruning",
        "favour cutting the width: narrower layers instead of fewer",
    ),
)
"""What is looked for; each document answers two or three."""

UNANSWERABLE = (
    "What does a graphics card cost per hour?",
    "Which company trained Falcon 3?",
    "How is the loss of a GAN's generator defined?",
    "best embedding model for Swedish",
    "What is the context length of Claude?",
    "opening hours of the library",
)
"""What no document answers: a system should say so."""
