"""What scikit-learn's tools expect an estimator to refuse, and in which words."""

import sys
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from xnornode.errors import DataError

Array = npt.NDArray[Any]


def check_X(X: Any, owner: Any, fitted: bool = False) -> Array:
    """X as an array of finite numbers of 2 to 4 dimensions.

    owner: the estimator, whose n_features_in_ and feature_names_in_ are set, or compared with where
    it is fitted. Raises DataError.
    """
    if hasattr(X, "toarray"):
        raise TypeError("sparse data are not supported: give a dense array, X.toarray()")
    names = _column_names(X)
    x = np.asarray(X)
    if x.dtype.kind == "c":
        raise DataError("Complex data not supported")
    if x.dtype.kind not in "biuf":
        try:
            x = x.astype(np.float64)
        except (TypeError, ValueError) as error:
            # A wrong type stays one: a list of dicts is no list of odd numbers.
            kind = TypeError if isinstance(error, TypeError) else DataError
            raise kind(
                f"X must be numbers, argument must be a string or a number: {error}"
            ) from None
    if x.ndim < 2:
        raise DataError(
            f"Expected 2D array, got an array of shape {x.shape}. Reshape your data with "
            "array.reshape(-1, 1) if it has a single feature or array.reshape(1, -1) if it is a "
            "single sample"
        )
    if x.ndim > 4:
        raise DataError(f"X has {x.ndim} dimensions: 2 to 4 are expected")
    if len(x) == 0:
        raise DataError(
            f"Found array with 0 sample(s) (shape={x.shape}), a minimum of 1 is required"
        )
    if x[0].size == 0:
        raise DataError(f"0 feature(s) (shape={x.shape}) while a minimum of 1 is required.")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        what = "NaN" if np.isnan(x).any() else "infinity or a value too large"
        raise DataError(f"Input X contains {what}: clean or drop it first")
    _check_features(x, names, owner, fitted)
    return x


def _check_features(x: Array, names: Array | None, owner: Any, fitted: bool) -> None:
    who = type(owner).__name__
    if not fitted:
        owner.n_features_in_ = x.shape[1]
        owner._shape_in = x.shape[1:]
        if names is not None:
            owner.feature_names_in_ = names
        elif hasattr(owner, "feature_names_in_"):
            del owner.feature_names_in_
        return
    if x.shape[1] != owner.n_features_in_:
        raise DataError(
            f"X has {x.shape[1]} features, but {who} is expecting {owner.n_features_in_} features "
            "as input"
        )
    if x.shape[1:] != owner._shape_in:
        raise DataError(f"X has the shape {x.shape}, but fit was given (n, *{owner._shape_in})")
    known = getattr(owner, "feature_names_in_", None)
    if names is not None and known is not None and list(names) != list(known):
        raise DataError("The feature names should match those that were passed during fit")


def _column_names(X: Any) -> Array | None:
    """The names of a data frame's columns, where all are strings."""
    columns = getattr(X, "columns", None)
    if columns is None or not all(isinstance(c, str) for c in columns):
        return None
    return np.array(list(columns), dtype=object)


def check_y(y: Any, count: int) -> Array:
    """y as classes (n,). Raises DataError for anything that is none."""
    if y is None:
        raise DataError("requires y to be passed, but the target y is None")
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] == 1:
        _warn_column(labels)
        labels = labels.ravel()
    if labels.ndim != 1 or len(labels) != count:
        raise DataError(
            f"y has the shape {labels.shape}: it must be ({count},), a class per row of X"
        )
    if labels.dtype.kind == "f":
        if not np.isfinite(labels).all():
            what = "NaN" if np.isnan(labels).any() else "infinity"
            raise DataError(f"Input y contains {what}: clean or drop it first")
        if (labels != np.rint(labels)).any():
            raise DataError(
                "Unknown label type: continuous. A classifier needs classes, not measured values"
            )
    if labels.dtype.kind == "O":
        kinds = {str if isinstance(v, str) else type(v) for v in labels}
        if len(kinds) > 1:
            raise DataError("y mixes types: make all labels strings, or all numbers")
    if count == 1:
        raise DataError("n_samples=1: training needs at least two rows of each class")
    return labels


def _warn_column(labels: Array) -> None:
    text = "A column-vector y was passed when a 1d array was expected"
    kind: type[Warning] = UserWarning
    if sys.modules.get("sklearn"):
        from sklearn.exceptions import DataConversionWarning

        kind = DataConversionWarning
    warnings.warn(f"{text}: {labels.shape}", kind, stacklevel=4)


class NotFittedError(ValueError, AttributeError):
    """predict or save before fit."""


def not_fitted(name: str) -> Exception:
    """The error for an estimator that is not fitted, scikit-learn's own where that is in use."""
    text = f"this {name} is not fitted yet: call fit first"
    if sys.modules.get("sklearn"):
        from sklearn.exceptions import NotFittedError as Theirs

        error: Exception = Theirs(text)
        return error
    return NotFittedError(text)
