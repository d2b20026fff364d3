"""One row of the catalogue as a value."""

from datetime import date

import pytest
from pydantic import ValidationError

from tests import factories


def test_key() -> None:
    """The zone is part of the key where one is named."""
    assert factories.offer().key == "aws/us-east-1/c6a.xlarge/on_demand"
    zoned = factories.offer(zone="us-east-1a")
    assert zoned.key == "aws/us-east-1/us-east-1a/c6a.xlarge/on_demand"


def test_age() -> None:
    """Days from the price to today."""
    assert factories.offer(as_of=date(2026, 1, 1)).age_days(date(2026, 7, 1)) == 181


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
@pytest.mark.fault("catalogue")
def test_impossible_prices(price: float) -> None:
    """A price is above zero and finite, or unknown."""
    with pytest.raises(ValidationError):
        factories.offer(price_usd_per_hour=price)
