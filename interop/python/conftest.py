"""Every test begins with empty queues."""

import pytest

from klient import tom
from miljo import A, B


@pytest.fixture(autouse=True)
def tomme_koer():
    tom(A)
    tom(B)
