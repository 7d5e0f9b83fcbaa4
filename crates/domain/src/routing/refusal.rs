//! Why a call goes nowhere.

/// Why a call is refused, with the SIP answer for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RouteRefusal {
    /// The called number is not in the exchange.
    #[error("the called number is not in this exchange")]
    NumberUnknown,
    /// It belongs to another operator than the trunk's.
    #[error("the called number is not this operator's")]
    NumberOfOtherOperator,
    /// Nobody has it.
    #[error("the called number is not assigned")]
    NumberUnassigned,
    /// What was dialled is no number.
    #[error("what was dialled is not a telephone number")]
    NotANumber,
    /// The person has no telephony licence.
    #[error("the caller holds no telephony licence")]
    UserUnlicensed,
    /// The person has no number to call from.
    #[error("the caller has no number")]
    UserHasNoNumber,
    /// The source vanished from the snapshot.
    #[error("the caller is not known any more")]
    SourceUnknown,
    /// A queue without agents.
    #[error("the call queue has no agents")]
    QueueEmpty,
    /// A call for help, and the exchange has no operator to carry it.
    #[error("the exchange has no calling profile by which an emergency call could leave")]
    NoEmergencyRoute,
    /// Not a call for help, and nobody proved who calls.
    #[error("who proves nothing may call emergency numbers only")]
    CallerUnproven,
    /// The caller is among the tenant's blocked numbers.
    #[error("the tenant lets no calls of this caller in")]
    CallerBlocked,
    /// The caller's policy does not let them call there.
    #[error("the caller's policy does not allow calls to this destination")]
    DialOutRestricted,
    /// A gateway brings a call for somebody else's number.
    #[error("the called number is not one of the gateway's tenant")]
    NumberOfOtherTenant,
    /// The number has no operator, and no voice route leads to a gateway.
    #[error("no voice route matches, and the caller's number has no operator")]
    NoVoiceRoute,
    /// The voice route that matches closes what it matches.
    #[error("the voice routes that match name no gateway")]
    NoGateway,
    /// A gateway speaks for a conference bridge whose calls it does not answer.
    #[error("the gateway is not one of this conference bridge's")]
    BridgeUnknown,
    /// The organiser of a meeting may not have telephones in it.
    #[error("the organizer of the meeting holds no audio conferencing licence")]
    OrganizerUnlicensed,
    /// No audio conferencing routing policy, or no route of it, leads there.
    #[error("no audio conferencing route matches: meetings have no number to call by")]
    NoConferenceRoute,
    /// A phone asks to be shown by a colleague's number.
    #[error("the caller is no delegate who may call by that number")]
    NotADelegate,
    /// Somebody whose licence is gone calls through nobody else either.
    #[error("the person on whose behalf the call is made holds no telephony licence")]
    OnBehalfUnlicensed,
}

impl RouteRefusal {
    /// A stable code, as it stands in the CDR and in the problem documents.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NumberUnknown => "number_unknown",
            Self::NumberOfOtherOperator => "number_of_other_operator",
            Self::NumberUnassigned => "number_unassigned",
            Self::NotANumber => "not_a_number",
            Self::UserUnlicensed => "user_unlicensed",
            Self::UserHasNoNumber => "user_has_no_number",
            Self::SourceUnknown => "source_unknown",
            Self::QueueEmpty => "queue_empty",
            Self::NoEmergencyRoute => "no_emergency_route",
            Self::CallerUnproven => "caller_unproven",
            Self::CallerBlocked => "caller_blocked",
            Self::DialOutRestricted => "dial_out_restricted",
            Self::NumberOfOtherTenant => "number_of_other_tenant",
            Self::NoVoiceRoute => "no_voice_route",
            Self::NoGateway => "no_gateway",
            Self::BridgeUnknown => "bridge_unknown",
            Self::OrganizerUnlicensed => "organizer_unlicensed",
            Self::NoConferenceRoute => "no_conference_route",
            Self::NotADelegate => "not_a_delegate",
            Self::OnBehalfUnlicensed => "on_behalf_unlicensed",
        }
    }

    /// The SIP response to give.
    pub const fn sip_status(self) -> u16 {
        match self {
            Self::NumberUnknown | Self::NumberUnassigned => 404,
            Self::NotANumber => 484,
            Self::QueueEmpty => 480,
            Self::NoEmergencyRoute => 503,
            Self::NumberOfOtherOperator
            | Self::UserUnlicensed
            | Self::UserHasNoNumber
            | Self::SourceUnknown
            | Self::CallerUnproven
            | Self::CallerBlocked
            | Self::DialOutRestricted
            | Self::NumberOfOtherTenant
            | Self::NoVoiceRoute
            | Self::NoGateway
            | Self::BridgeUnknown
            | Self::OrganizerUnlicensed
            | Self::NoConferenceRoute
            | Self::NotADelegate
            | Self::OnBehalfUnlicensed => 403,
        }
    }
}
