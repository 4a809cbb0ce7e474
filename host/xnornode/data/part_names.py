"""Names of folders and files that are parts of the data, in several languages."""

import re
import unicodedata
from collections.abc import Sequence

WORDS = {
    "training": """train training trainings trn learn lernen entrenamiento entraînement entrainement
        apprentissage treino treinamento addestramento allenamento träning trening 训练 訓練
        обучение""",
    "validation": """val valid validate validation dev validierung validación validacion validação
        validacao validazione validatie 验证 検証 валидация""",
    "test": """test tests testing tst eval evaluation holdout heldout prueba pruebas teste testes
        évaluation auswertung 测试 テスト тест""",
}
PART_OF = {word: part for part, words in WORDS.items() for word in words.split()}
FILLERS = frozenset(
    ("set", "sets", "data", "dataset", "split", "part", "fold", "daten", "datensatz", "datos")
)
"""Words that may stand beside: `train_set`, `01_training`, `Testdaten`."""


def part_of(name: str) -> str:
    """The part that the name of a folder or file says; "" if it says none.

    Examples
    --------
    >>> [part_of(n) for n in ("Train", "01_train", "test_set", "Testdaten", "ValData", "walk")]
    ['training', 'training', 'test', 'test', 'validation', '']
    """
    parts = {PART_OF.get(word, "") for word in part_words(name)}
    return parts.pop() if len(parts) == 1 else ""


def part_words(name: str) -> list[str]:
    """The words of a name in lower case, without numbers and fillers."""
    text = re.sub(r"([a-z])([A-Z])", r"\1 \2", unicodedata.normalize("NFC", name))
    words = [w for w in re.split(r"[\W\d_]+", text.casefold()) if w]
    return [_bare(word) for word in words if word not in FILLERS]


def _bare(word: str) -> str:
    """`test` of `testdaten` and of `testset`."""
    for filler in FILLERS:
        short = word.removesuffix(filler)
        if short != word and short in PART_OF:
            return short
    return word


def all_parts(names: Sequence[str]) -> bool:
    """Whether all names are parts, one of them the training: a class may be called test too."""
    parts = [part_of(name) for name in set(names)]
    return all(parts) and "training" in parts
