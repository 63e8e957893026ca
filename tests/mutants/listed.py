"""All mutants, in the order in which they are checked."""

from .attributes import ATTRIBUTES
from .backends import BACKENDS
from .claims import CLAIMS
from .closing import CLOSING
from .comparing import COMPARING
from .consoling import CONSOLING
from .delivery import DELIVERY
from .drifting import DRIFTING
from .endings import ENDINGS
from .endpoint import ENDPOINT
from .jobs import JOBS
from .labelling import LABELLING
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
from .reviewing import REVIEWING
from .searching import SEARCHING
from .services import SERVICES
from .telling import TELLING
from .trust import TRUST
from .trying import TRYING
from .watching import WATCHING

MUTANTS: tuple[Mutant, ...] = (
    *PLANNING,
    *CLOSING,
    *COMPARING,
    *CONSOLING,
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
    *REVIEWING,
    *SEARCHING,
    *SERVICES,
    *TELLING,
    *TRUST,
    *TRYING,
    *WATCHING,
    *ATTRIBUTES,
    *DRIFTING,
    *LABELLING,
)
