"""How thoroughly operations are tried."""

from __future__ import annotations

import pytest


@pytest.fixture(params=[3, pytest.param(40, marks=pytest.mark.slow)], ids=["some", "many"])
def examples(request):
    """How many examples are tried."""
    return request.param
