"""All mutants, in the order in which they are checked."""

from .attributes import ATTRIBUTES
from .backends import BACKENDS
from .claims import CLAIMS
from .closing import CLOSING
from .delivery import DELIVERY
from .endings import ENDINGS
from .endpoint import ENDPOINT
from .jobs import JOBS
from .letters import LETTERS
from .loading import LOADING
from .manners import MANNERS
from .money import MONEY
from .mutant import Mutant
from .operations import OPERATIONS
from .outcomes import OUTCOMES
from .planning import PLANNING
from .reading import READING
from .redacting import REDACTING
from .releases import RELEASES
from .replacing import REPLACING
from .rereading import REREADING
from .services import SERVICES
from .trust import TRUST
from .trying import TRYING
from .watching import WATCHING

MUTANTS: tuple[Mutant, ...] = (
    *PLANNING,
    *CLOSING,
    *MONEY,
    *JOBS,
    *DELIVERY,
    *READING,
    *BACKENDS,
    *ENDPOINT,
    *ENDINGS,
    *OPERATIONS,
    *LETTERS,
    *LOADING,
    *MANNERS,
    *CLAIMS,
    *OUTCOMES,
    *REDACTING,
    *RELEASES,
    *REPLACING,
    *REREADING,
    *SERVICES,
    *TRUST,
    *TRYING,
    *WATCHING,
    *ATTRIBUTES,
)
