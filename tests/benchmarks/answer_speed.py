"""How long an answer takes: over a paragraph, over a PDF of 100 pages, and how many pages a minute are indexed.

Warm, medians. The named baseline of the same run is the text tower alone: one pass over the question and the paragraph.

    python -m tests.benchmarks.answer_speed [--model NAME] [--pages 100]
"""

import argparse
import itertools
import statistics
import tempfile
import time
from pathlib import Path

import torch
from fpdf import FPDF

from xmodal.data.documents import make_document, read_document
from xmodal.models.towers import load_tower
from xmodal.tasks.answer import answer_from, find_answerer
from xmodal.tasks.features import autocast
from xmodal.tasks.retrieval import build_index
from xmodal.tasks.sources import health_collection

QUESTION = "How much salt should adults eat a day?"


def median_ms(call, times: int = 20) -> float:
    call()
    found = []
    for _ in range(times):
        started = time.perf_counter()
        call()
        found.append(1000 * (time.perf_counter() - started))
    return statistics.median(found)


def write_pdf(path: Path, pages: int) -> int:
    """A PDF whose pages are full of different paragraphs; returns its words."""
    texts = itertools.cycle(part.text for part in health_collection("en").parts)
    pdf, words = FPDF(), 0
    pdf.set_font("helvetica", size=11)
    for number in range(1, pages + 1):
        pdf.add_page()
        for text in itertools.islice(texts, 6):
            text = f"Note {number} of the ward. {text}".encode("latin-1", "replace").decode("latin-1")
            words += len(text.split())
            pdf.multi_cell(0, 5, text, new_x="LMARGIN", new_y="NEXT")
            pdf.ln(3)
    pdf.output(str(path))
    return words


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="")
    parser.add_argument("--pages", type=int, default=100)
    args = parser.parse_args()
    find_answerer(args.model)
    paragraph = health_collection("en").parts[2].text
    index = build_index([make_document(paragraph, "text")])
    tower = load_tower("text", max_length=384).eval()
    inputs = tower.tokenizer(QUESTION, paragraph, return_tensors="pt")

    def pass_once() -> None:
        with torch.inference_mode(), autocast(torch.device("cpu")):
            tower(inputs["input_ids"], inputs["attention_mask"])

    alone = median_ms(pass_once)
    one = median_ms(lambda: answer_from(index, QUESTION, args.model))
    print(f"tower alone, question and paragraph ({inputs['input_ids'].shape[1]} tokens): {alone:.0f} ms")
    print(f"answer over a paragraph: {one:.0f} ms ({one / alone:.1f} times the tower alone)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages.pdf"
        words = write_pdf(path, args.pages)
        started = time.perf_counter()
        document = read_document(path)
        read = time.perf_counter() - started
        index = build_index([document])
        taken = time.perf_counter() - started
    print(
        f"PDF of {args.pages} pages, {words} words, {len(index.passages)} passages: read in {read:.1f} s, indexed in"
        f" {taken:.1f} s with that ({60 * args.pages / taken:.0f} pages a minute)"
    )
    print(f"answer over the PDF: {median_ms(lambda: answer_from(index, QUESTION, args.model)):.0f} ms")


if __name__ == "__main__":
    main()
