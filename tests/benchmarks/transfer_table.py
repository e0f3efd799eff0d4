"""What transfer gives: TF-IDF, an LSTM from scratch, the frozen tower, LoRA and full training, on the same rows.

python -m tests.benchmarks.transfer_table RECIPE --data FILE [--rows tfidf frozen lstm lora full recipe] [--set K=V]

All but the last row, which is the recipe as it stands, are without counted characters (`train.ngrams`).
"""

import argparse
import tempfile
import time
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from xmodal.cli_progress import ProgressLine
from xmodal.data.sets import load_data
from xmodal.training.config import Recipe, load_recipe
from xmodal.training.engine import train
from xmodal.training.intervals import bootstrap_interval

ALONE = "train.ngrams=false"
CHANGES = {
    "lstm": [ALONE, "towers.text=scratch-lstm", "train.trainable=full", "train.learning_rate=0.002", "train.epochs=10"],
    "frozen": [ALONE, "train.trainable=head", "train.learning_rate=0.002", "train.epochs=30"],
    "lora": [ALONE],
    "full": [ALONE, "train.trainable=full", "train.learning_rate=0.0001"],
    "recipe": [],
}


def measure_tfidf(recipe: Recipe) -> tuple[float, float, float]:
    """Accuracy and its interval of logistic regression on character 1- and 2-grams."""
    data = load_data(recipe.data)
    model = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(C=3, max_iter=2_000),
    ).fit(data.train["text"], data.train["label"])
    right = [float(a == b) for a, b in zip(model.predict(data.check["text"]), data.check["label"], strict=True)]
    interval = bootstrap_interval(right)
    return interval.value, interval.low, interval.high


def main() -> None:
    """Print the table, a row when it is ready."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--rows", nargs="+", default=["tfidf", *CHANGES], choices=["tfidf", *CHANGES])
    parser.add_argument(
        "--set", action="append", default=[], help="a setting for all rows, such as train.max_minutes=15"
    )
    args = parser.parse_args()
    source = f"data.source={args.data}"
    print(f"{'model':8} accuracy  95 % interval   minutes")
    for row in args.rows:
        started = time.perf_counter()
        if row == "tfidf":
            value, low, high = measure_tfidf(load_recipe(args.recipe, [source]))
        else:
            recipe = load_recipe(args.recipe, [source, *CHANGES[row], *args.set])
            with ProgressLine() as report, tempfile.TemporaryDirectory() as folder:
                metrics = train(recipe, report, out=Path(folder) / recipe.name).metrics
            value, low, high = (metrics["interval_after"][name] for name in ("value", "low", "high"))
        minutes = (time.perf_counter() - started) / 60
        print(f"{row:8} {value:8.1%}  {low:.1%} to {high:.1%}  {minutes:6.1f}", flush=True)


if __name__ == "__main__":
    main()
