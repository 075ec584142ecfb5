"""From events to money: the price book, the offers' metering models, bills and break-evens."""

from pushlab.analysis.cost.book import Price, PriceBook, load_book
from pushlab.analysis.cost.break_even import BreakEven, break_even
from pushlab.analysis.cost.costs import Costs, price_all
from pushlab.analysis.cost.first_price import usd_per_month
from pushlab.analysis.cost.measured import traffic_by_cell
from pushlab.analysis.cost.meter import Bill, Item
from pushlab.analysis.cost.offers import OFFERS, Offer, bill, find_offers, first_choice
from pushlab.analysis.cost.traffic import Traffic, predicted_traffic

__all__ = [
    "OFFERS",
    "Bill",
    "BreakEven",
    "Costs",
    "Item",
    "Offer",
    "Price",
    "PriceBook",
    "Traffic",
    "bill",
    "break_even",
    "find_offers",
    "first_choice",
    "load_book",
    "predicted_traffic",
    "price_all",
    "traffic_by_cell",
    "usd_per_month",
]
