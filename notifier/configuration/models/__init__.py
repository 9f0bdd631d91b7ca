"""The shape of the configuration: which keys a section has and what kind of value each takes.

Refuses unknown keys and wrong kinds. What one part says about another (a digest that names a
feed) is checked elsewhere. Each key is explained once, here: the schema for editors and the
reference in `docs/configuration.md` are made of these models.
"""

from notifier.configuration.models.digests import (
    ArticlesSection,
    ChoicesSection,
    DigestSection,
    TopicSection,
)
from notifier.configuration.models.feeds import FeedSection, ForEachSection, Selection
from notifier.configuration.models.mail import (
    BouncesSection,
    DkimKeySection,
    DkimSection,
    MailSection,
    ReturnsSection,
    WaySection,
)
from notifier.configuration.models.publication import (
    SiteSection,
    SourceSection,
    WebSection,
    WebSubSection,
)
from notifier.configuration.models.readers import ChoiceSection, SubscriberSection
from notifier.configuration.models.section import Section

__all__ = [
    "ArticlesSection",
    "BouncesSection",
    "ChoiceSection",
    "ChoicesSection",
    "DigestSection",
    "DkimKeySection",
    "DkimSection",
    "FeedSection",
    "ForEachSection",
    "MailSection",
    "ReturnsSection",
    "Section",
    "Selection",
    "SiteSection",
    "SourceSection",
    "SubscriberSection",
    "TopicSection",
    "WaySection",
    "WebSection",
    "WebSubSection",
]
