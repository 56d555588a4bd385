"""What must hold in every state that can be reached, each with its sentence."""

from enum import Enum


class Promise(Enum):
    """The sentence is the value; the name is what `--json` and the tests use."""

    NO_EXCEPTION = "the machine never raises"
    DEADLINE = "a state has a deadline unless it is INIT"
    RELEASE_AFTER_REMOVAL = "priority 0 is sent only when the addresses are off the interface"
    ONLY_MASTER_SENDS = "a router that is BACKUP or INIT sends nothing"
    OWN_PRIORITY = "what a router sends carries its own priority, or 0"
    ONLY_MASTER_HOLDS = "the addresses are asked for exactly while the router is MASTER"
    REMOVED_IN_TIME = (
        "a running router that is not MASTER has its addresses only until the kernel removed them"
    )
    FOLLOWS_FENCE = (
        "a running router takes part while its fence is open, and is INIT or releasing otherwise"
    )
    TIMER_IS_SERVED = "a deadline that was reached is over once the timer has fired"
    PACE = (
        "the next advertisement of a master is due within its own interval; of one that lets go "
        "while a better one advertises, within Master_Down_Interval"
    )
    STALLED_GIVES_WAY = (
        "a master that stood longer than Master_Down_Interval sends nothing before it has listened"
    )
    NOT_BEFORE_ITS_TIME = (
        "a BACKUP takes over after Master_Down_Interval of silence, Skew_Time after a release, or "
        "at the end of its preemption delay, never before"
    )
    NOT_LATER = "a BACKUP waits no longer than that"
    TWO_MISSING = "two missing advertisements never make a BACKUP take over from a living master"
    DEAD_ONE_IS_GONE = (
        "a BACKUP that heard its master in time takes over only when a dead or standing master's "
        "addresses are gone"
    )
    OVERLAP = "two masters hear each other within the bound, and one is left"
    SHARED_ADDRESS = "two running routers have the addresses no longer than the bound"
    ANSWERED = "where operators move the addresses and nothing else happens, a node has them"
    VACANCY = "the addresses have a master within the bound when there can be one"
    SETTLED = "after the last fault exactly one router is master, the one with the best claim"
    TOGETHER = "the virtual routers of a group are MASTER together or not at all"
    RESIGNED_PREEMPTS_NOBODY = (
        "a router that resigned preempts no master until it has been MASTER again, whatever failed "
        "meanwhile"
    )
    GOODBYE_OF_ALL = (
        "no virtual router of a group sends priority 0 before the addresses of all are gone, "
        "unless an operator moves the group"
    )
    ABLE_HOST_SERVES = "where a host could serve, one serves within the bound"
    HEALTHY_ONE_WINS = "a healthy host that hears a last resort takes over within the bound"
    ONE_LAST_RESORT = "at rest one last resort serves at most, and none beside a healthy host"
    ONE_HOST_SERVES = (
        "at rest each group has one host, the best one that is able, unless all its segments are "
        "cut or the hosts are crowded"
    )
