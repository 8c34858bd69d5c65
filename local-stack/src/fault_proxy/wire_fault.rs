//! The kinds of faults that the proxy injects between a client and a service.

use serde::{Deserialize, Serialize};

/// A fault that the proxy can inject into one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WireFault {
    /// Every connection to the service's port is refused while a rule with this fault is in force, and open
    /// connections end.
    Refused,
    /// The request is delayed before it is forwarded.
    Delay,
    /// The connection is closed, and the service never sees the request.
    LostRequest,
    /// The service never sees the request, and the connection stays open without an answer until the client
    /// gives up.
    Hang,
    /// The service's own error for too many requests.
    Throttle,
    /// 503 in the service's own format.
    Unavailable,
    /// 500 in the service's own format.
    InternalError,
    /// The service carries out the request, and its answer is replaced by one with status 200 that cannot be
    /// parsed: in turns cut in the middle, with a lone surrogate, and an HTML page.
    Unparseable,
    /// The service carries out the request, and the connection is closed after the headers and half of the
    /// body.
    CutAnswer,
    /// The service carries out the request, and the connection is closed without its answer.
    LostAnswer,
    /// A message that `ReceiveMessage` returns becomes visible again at once, so that another receiver gets
    /// it too.
    Repeat,
}

impl WireFault {
    /// Every fault, in the order in which an exchange meets them.
    pub const ALL: [Self; 11] = [
        Self::Refused,
        Self::Delay,
        Self::LostRequest,
        Self::Hang,
        Self::Throttle,
        Self::Unavailable,
        Self::InternalError,
        Self::Unparseable,
        Self::CutAnswer,
        Self::LostAnswer,
        Self::Repeat,
    ];

    /// Returns the name in rules and counts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Delay => "delay",
            Self::LostRequest => "lost-request",
            Self::Hang => "hang",
            Self::Throttle => "throttle",
            Self::Unavailable => "unavailable",
            Self::InternalError => "internal-error",
            Self::Unparseable => "unparseable",
            Self::CutAnswer => "cut-answer",
            Self::LostAnswer => "lost-answer",
            Self::Repeat => "repeat",
        }
    }

    /// Returns whether a rule without a fault, such as `all=0.05`, includes this fault. A hang lasts as long
    /// as the client's time-out and a closed port as long as the rule, so both would hide the other faults.
    pub(super) fn is_in_every(self) -> bool {
        !matches!(self, Self::Hang | Self::Refused)
    }

    /// Returns whether the proxy draws this fault for each exchange. A refused connection has no exchange, a
    /// delay precedes another fault, and a repeat is drawn for each message.
    pub(super) fn decides_exchange(self) -> bool {
        !matches!(self, Self::Refused | Self::Delay | Self::Repeat)
    }

    /// Returns whether the service carries out the request although its client receives no usable answer.
    pub(super) fn spoils_answer(self) -> bool {
        matches!(self, Self::Unparseable | Self::CutAnswer | Self::LostAnswer)
    }
}
