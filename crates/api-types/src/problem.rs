//! Errors: one registry of stable codes, one document shape (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The problem document of every refusal, in the API, the command line and the
/// page with the same words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// `/errors/{code}`: a page that explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short sentence that does not change from one occurrence to the next.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// The offending field as a JSON pointer or parameter name, where one is to blame.
    pub field: Option<String>,
    /// What is wrong this time.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
    /// Names this request in the logs.
    pub request_id: Option<String>,
}

/// What went wrong with one entry of an order: the same words without HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EntryError {
    /// The stable code.
    pub code: String,
    /// The offending field of the entry.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

macro_rules! codes {
    ($($name:ident = $code:literal, $status:literal, $title:literal, $remedy:literal;)*) => {
        /// Every error code there is. A code never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $(#[doc = $title] $name,)* }

        impl ErrorCode {
            /// All of them, for the registry's page and its tests.
            pub const ALL: &'static [ErrorCode] = &[$(Self::$name,)*];
            /// The stable code on the wire.
            pub const fn code(self) -> &'static str { match self { $(Self::$name => $code,)* } }
            /// The HTTP status it answers with.
            pub const fn status(self) -> u16 { match self { $(Self::$name => $status,)* } }
            /// The unchanging title.
            pub const fn title(self) -> &'static str { match self { $(Self::$name => $title,)* } }
            /// What to do, unless a better remedy is known on the spot.
            pub const fn remedy(self) -> &'static str { match self { $(Self::$name => $remedy,)* } }
        }
    };
}

codes! {
    // The request itself.
    MalformedJson = "malformed_json", 400, "The body is not the JSON document this operation takes.", "Compare the body with the operation's schema in /docs.";
    InvalidField = "invalid_field", 422, "A field has a value that is not allowed.", "Correct the named field.";
    InvalidParameter = "invalid_parameter", 400, "A query parameter has a value that is not allowed.", "Correct the named parameter.";
    InvalidFilter = "invalid_filter", 400, "The filter is not one this list understands.", "Write `field op value`, joined by `and`; docs/api.md has the grammar and each list's fields.";
    InvalidSort = "invalid_sort", 400, "The list cannot be sorted so.", "Name one field that the list is sorted by, with - before it for the greatest first.";
    BodyTooLarge = "body_too_large", 413, "The body is larger than this operation takes.", "Send fewer entries at a time.";
    UnsupportedMediaType = "unsupported_media_type", 415, "The body is not JSON.", "Send Content-Type: application/json.";
    NotFound = "not_found", 404, "There is no such thing, or it is not yours to see.", "Check the id; list the collection to see what is there.";
    Gone = "gone", 410, "The change log no longer reaches back to this position.", "Take a snapshot and go on from its position.";
    MethodNotAllowed = "method_not_allowed", 405, "This resource does not take that method.", "See /docs for what it takes.";
    // Who asks.
    Unauthenticated = "unauthenticated", 401, "No valid token or session came with the request.", "Get a token from /oauth/token, or sign in.";
    TokenExpired = "token_expired", 401, "The token has expired.", "Get a new one from /oauth/token.";
    TokenRevoked = "token_revoked", 401, "The token, or the client it is of, was revoked.", "Get a new token, or ask the programme owner whether the client is still enabled.";
    TokenInvalid = "token_invalid", 401, "The token is no JSON Web Token that could be taken.", "Have its issuer sign a token with iss, sub, aud and exp.";
    TokenAlgorithm = "token_algorithm", 401, "The token is not signed in a way that is taken.", "Have it signed with a private key: RS256, PS256, ES256, EdDSA or their longer kin.";
    TokenSignature = "token_signature", 401, "The token is not signed by a key of its issuer.", "Get a new token; check that the issuer's published keys are the ones it signs with.";
    TokenIssuer = "token_issuer", 401, "The token is of an issuer that is not trusted here.", "Ask the programme owner to add the issuer, or get a token from /oauth/token.";
    TokenAudience = "token_audience", 401, "The token is for somebody else.", "Ask its issuer for a token whose aud is the one that is registered here.";
    TokenNotYetValid = "token_not_yet_valid", 401, "The token is not good yet.", "Wait, or set the clocks right.";
    TokenForeign = "token_foreign", 403, "The token is of another organisation than the one that is trusted.", "Sign in to the organisation's own directory.";
    TokenRole = "token_role", 403, "The token gives its bearer no role here.", "Have the issuer put a role into it that is mapped here.";
    LoginInvalid = "login_invalid", 401, "Login, password or one-time code is wrong.", "Try again; who has forgotten the password has it reset on the host (`meetpoint password-reset`).";
    OneTimeCodeRequired = "one_time_code_required", 401, "The account has a second factor.", "Send one_time_code: the code of the authenticator app, or a recovery code.";
    LoginLocked = "login_locked", 429, "Too many sign-ins failed.", "Wait as the reason says, or have the password reset on the host (`meetpoint password-reset`).";
    LoginRefused = "login_refused", 401, "The sign-in at the issuer did not come about.", "Sign in again, in the browser that began it.";
    IssuerAway = "issuer_away", 503, "The issuer of the token cannot be asked for its keys.", "Repeat the request after Retry-After; check that the issuer's address answers.";
    Forbidden = "forbidden", 403, "The token's role or scope does not cover this operation.", "Use a client of the right role.";
    InvalidClient = "invalid_client", 401, "Client id or secret is wrong.", "Check both; ask the programme owner for a new secret if it is lost.";
    CsrfMissing = "csrf_missing", 403, "A browser session must send the X-Meetpoint-CSRF header on writes.", "Send X-Meetpoint-CSRF: 1.";
    LoginCodeInvalid = "login_code_invalid", 401, "The sign-in code is unknown, used or expired.", "Ask for a new sign-in link.";
    RateLimited = "rate_limited", 429, "Too many requests.", "Wait as Retry-After says.";
    EdgeBound = "edge_bound", 409, "This edge speaks with another credential.", "Start the edge with the client that it had, or let the programme owner forget it (`meetpoint edges forget`).";
    // Concurrency and repeats.
    VersionMismatch = "version_mismatch", 412, "The resource has changed since you read it.", "Read it again and repeat with the new ETag.";
    VersionRequired = "version_required", 428, "This write needs If-Match.", "Read the resource and send its ETag in If-Match.";
    IdempotencyMismatch = "idempotency_mismatch", 422, "This idempotency key was used for another request.", "Use a new key for a new request.";
    Conflict = "conflict", 409, "Something with this identity exists already.", "Read the existing one, or choose another name.";
    Busy = "busy", 503, "The database is busy or away.", "Repeat the request after Retry-After.";
    DatabaseAway = "database_away", 503, "This node does not reach its database.", "Repeat the request after Retry-After; another node may answer at once.";
    Internal = "internal", 500, "Something failed inside.", "Report it with the request id.";
    // Policies.
    UnknownPolicy = "unknown_policy", 422, "The policy is not one of yours, or of another kind.", "List your policies of this kind.";
    UnknownGroup = "unknown_group", 422, "The group is not one of yours.", "List your groups.";
    PolicyInUse = "policy_in_use", 409, "The policy holds for somebody.", "Take it from everybody first: list its assignments.";
    GroupInUse = "group_in_use", 409, "An emergency policy tells the group's people of calls for help.", "Take the group out of the policies that the reason names first.";
    ChangeFreeze = "change_freeze", 409, "Changes are frozen in this window.", "Wait until it ends, or have whoever set it remove it: list the change freezes.";
    RankTaken = "rank_taken", 409, "Another group has this rank with a policy of the same kind.", "Choose another rank.";
    // Gateways and voice routing.
    AddressTaken = "address_taken", 409, "The address is another trunk's or gateway's.", "Name an address that nobody else sends from; of two behind one address each has its own port and match_port.";
    GatewayInUse = "gateway_in_use", 409, "A voice route, a conference bridge, the voicemail or an announcement names the gateway.", "Take it out there first, or disable it: calls that stand live on.";
    UnknownGateway = "unknown_gateway", 422, "The gateway is not one of yours.", "List your gateways.";
    GatewayNotPstn = "gateway_not_pstn", 422, "The gateway leads to what plays and records, and not to the PSTN.", "Name another gateway in voice routes; add one without voice_app for the PSTN.";
    AnnouncementInUse = "announcement_in_use", 409, "A rule for callers, or for numbers that nobody has, names the announcement.", "Take it out of call-screening first, or disable it.";
    UnknownAnnouncement = "unknown_announcement", 422, "There is no announcement of that name.", "List the voice targets, or add the announcement there first.";
    NoVoicemail = "no_voicemail", 422, "The tenant has no voicemail that calls could go to.", "Have a tenant admin set the voicemail among the voice targets first.";
    UnknownPstnUsage = "unknown_pstn_usage", 422, "The PSTN usage is not one of yours.", "Add it to online_pstn_usages of the voice routing first.";
    PstnUsageInUse = "pstn_usage_in_use", 409, "A voice routing policy names the PSTN usage.", "Take it out of the policy first.";
    InsideOperatorRange = "inside_operator_range", 409, "An operator declared the range that the number is in.", "A number has one way to the PSTN: have that operator upload it, or have the programme owner see whose it is.";
    NotDirectRouting = "not_direct_routing", 409, "The number is an operator's.", "Its operator releases it.";
    // Conference bridges.
    UnknownConferenceBridge = "unknown_conference_bridge", 422, "The conference bridge is not one of yours.", "List your conference bridges.";
    NotBridgeNumber = "not_bridge_number", 422, "The number is not one of this conference bridge's.", "Register it with the bridge first.";
    DefaultNumberOfOperator = "default_number_of_operator", 422, "An operator's number cannot be the default number of a conference bridge.", "Name a Direct Routing number of the bridge.";
    BridgeDefaultNumber = "bridge_default_number", 409, "The default number of a conference bridge cannot be unregistered.", "Make another number of the bridge its default one first, or remove the bridge.";
    BridgeSourceNumber = "bridge_source_number", 409, "A voice route lets meetings call out by the number.", "Take the route out of the voice routing first.";
    UnknownBridgeNumber = "unknown_bridge_number", 422, "Meetings call out by an operator's number of a conference bridge.", "Register the number with a conference bridge first.";
    BridgeNumbersRemain = "bridge_numbers_remain", 409, "The conference bridge still has numbers.", "Unregister all but its default number first.";
    ConferenceAssigned = "conference_assigned", 409, "The number is a conference bridge's.", "Unregister it there (`meetpoint conference number remove`).";
    PolicyAssigned = "policy_assigned", 409, "A shared calling policy names the number for emergency calls.", "Take it out of the policy.";
    // Shared calling.
    AccountWithoutNumber = "account_without_number", 422, "The resource account has no number.", "Assign a number to it first.";
    EmergencyNumberDiffers = "emergency_number_differs", 422, "A number for emergency calls is of the type and country of the resource account's.", "Name numbers that are like the account's.";
    // Operators.
    TooFewTrunks = "too_few_trunks", 422, "A calling profile needs at least two trunks of its operator.", "Name two or more trunks.";
    UnknownTrunk = "unknown_trunk", 422, "The trunk is not one of this operator's.", "List the operator's trunks.";
    RangeOverlap = "range_overlap", 409, "The range overlaps one that another operator declared.", "Declare only numbers that are this operator's own.";
    RangeInvalid = "range_invalid", 422, "The two numbers do not bound a range.", "Both ends have the same number of digits, the first is not after the last.";
    OfferIncomplete = "offer_incomplete", 422, "An offer needs services, countries and a link before it is published.", "Complete the offer.";
    OfferState = "offer_state", 409, "The offer cannot take this step from its state.", "Read the offer: only what is published can be withdrawn.";
    NoOfferDraft = "no_offer_draft", 409, "There is no draft to publish.", "Write the draft first.";
    // Leads.
    LeadOver = "lead_over", 409, "The lead is decided, withdrawn or expired.", "Ask the operator for a new one.";
    LeadUnknown = "lead_unknown", 422, "There is no such lead for this tenant and operator.", "List the leads, or show the operator's code first.";
    LeadCodeInvalid = "lead_code_invalid", 422, "The code is of no open lead.", "Check the code; ask the operator for a new one.";
    TooManyLeads = "too_many_leads", 409, "There are as many open leads as one operator may have.", "Withdraw some, or wait until they expire.";
    // Consents.
    NoticeOutdated = "notice_outdated", 409, "Another version of the notice or of the terms is in force.", "Read what is in force, and accept that.";
    AcceptanceDue = "acceptance_due", 409, "A newer notice, or newer terms of the operator, are to be accepted first.", "Read them and accept them (`meetpoint consent accept`); calls and numbers go on meanwhile.";
    ServiceNotInOffer = "service_not_in_offer", 422, "The operator's offer does not name this service.", "Name a service of the offer, or publish one that has it.";
    CountryNotInConsent = "country_not_in_consent", 422, "The consent does not cover this country.", "Name countries of the consent.";
    OfferNotPublished = "offer_not_published", 422, "This operator is not in the directory.", "Choose an operator that the directory lists.";
    CountryNotOffered = "country_not_offered", 422, "The operator does not offer this country.", "Choose among the countries of its offer.";
    NoticeNotAccepted = "notice_not_accepted", 422, "The data transfer notice must be accepted.", "Set notice_accepted to true once it is.";
    ConsentState = "consent_state", 409, "The consent cannot take this step from its state.", "Read the consent; see which steps its state allows.";
    NumbersRemain = "numbers_remain", 409, "Numbers of this operator are still in the inventory.", "Unassign them and have the operator release them first.";
    NumbersInCountry = "numbers_in_country", 409, "Numbers are still held in a country to be dropped.", "Unassign and release those numbers first.";
    RelationshipState = "relationship_state", 409, "The relationship cannot take this step from its state.", "Read the consent; forward steps only, or start again after an end.";
    CommentMissing = "comment_missing", 422, "Declining or terminating needs a comment.", "Say why in comment.";
    // Uploads, per order or per entry.
    TooManyEntries = "too_many_entries", 422, "The order carries more entries than its kind may.", "Split it into several orders; a CSV file may carry more than a document.";
    NoEntries = "no_entries", 422, "An order carries at least one entry.", "Name at least one number.";
    NoConsent = "no_consent", 409, "The tenant has not consented to this operator.", "Wait for the tenant's consent.";
    ConsentSuspended = "consent_suspended", 409, "The tenant has suspended its consent.", "Wait until the tenant resumes it.";
    RelationshipEnded = "relationship_ended", 409, "The operator has declined or terminated the relationship.", "Take the relationship up again first.";
    NoEmergencyLocation = "no_emergency_location", 409, "The tenant has no emergency location yet.", "Ask the tenant to create a civic address; its default location will do.";
    InvalidNumber = "invalid_number", 422, "This is not an E.164 number.", "Write + and 2 to 15 digits, no spaces.";
    DuplicateEntry = "duplicate_entry", 422, "The order names this number twice.", "Name each number once.";
    CountryUnknown = "country_unknown", 422, "The number's country cannot be told from its digits.", "Name it in country.";
    CountryNotConsented = "country_not_consented", 422, "The tenant's consent does not cover the number's country.", "Ask the tenant to add the country to its consent.";
    OutsideRanges = "outside_ranges", 422, "The number is outside the ranges this operator declared.", "Declare the range, or prove the number by a completed port-in.";
    HeldElsewhere = "held_elsewhere", 409, "The number is already held elsewhere.", "It must be released there, or moved, first.";
    AlreadyUploaded = "already_uploaded", 409, "The number is already in this tenant's inventory.", "Nothing to do, or update it instead.";
    ProfileUnusable = "profile_unusable", 422, "The calling profile is not one of the operator's usable profiles.", "Name a calling profile with two enabled trunks.";
    UnknownLocation = "unknown_location", 422, "The location does not exist in this tenant.", "Use a location id from the tenant's list.";
    LocationRequired = "location_required", 422, "The number demands an emergency location.", "Name a location of the tenant.";
    TollFreeUser = "toll_free_user", 422, "A toll-free number cannot be used for people.", "Upload it for FirstPartyAppAssignment.";
    // Release.
    NotHeld = "not_held", 404, "The operator has no such number at this tenant.", "Check number and tenant.";
    StillAssigned = "still_assigned", 409, "The number is assigned.", "The tenant unassigns it first.";
    DisputeState = "dispute_state", 409, "The dispute cannot take this step.", "Read the dispute: a claimant withdraws, a holder concedes, the programme decides, each while it is open.";
    // Orders that follow another.
    OrderUnfinished = "order_unfinished", 409, "The order is still being worked on.", "Wait until it has finished.";
    NothingFailed = "nothing_failed", 409, "No entry of the order failed.", "There is nothing to try again.";
    NothingToUndo = "nothing_to_undo", 409, "Nothing that was done here can be undone.", "Only acts that changed something and left a trace can be undone; trials changed nothing.";
    MailNotFailed = "mail_not_failed", 409, "Only a mail that failed is sent again.", "Wait: one that waits is tried by itself, and one that was sent has left the house.";
    MovedOn = "moved_on", 409, "The number has changed since.", "Look at the number as it is now, and change what you still want changed.";
    MalformedCsv = "malformed_csv", 422, "The file is not the CSV that was expected.", "Send UTF-8, a header line, and as many cells in every line; say with columns which header means what.";
    // Stock and shopping.
    NumberHeld = "number_held", 409, "The person has a number.", "Take the number back first, or let numbers of people who leave be taken back: `meetpoint number settings set --free-leavers`.";
    ScimInvalidFilter = "scim_invalid_filter", 400, "The SCIM filter cannot be used.", "Mend it at the place that the reason names; filters are over the attributes of /scim/v2/Schemas.";
    ScimInvalidSyntax = "scim_invalid_syntax", 400, "The SCIM request is not of the form it should have.", "Send it as RFC 7644 has it; the reason says what is missing.";
    ScimInvalidPath = "scim_invalid_path", 400, "The path of a SCIM operation cannot be read.", "Name an attribute of /scim/v2/Schemas, as emails[type eq \"work\"].value.";
    ScimNoTarget = "scim_no_target", 400, "A SCIM operation picks out nothing.", "Read the resource and name a value that it has, or add one.";
    ScimInvalidValue = "scim_invalid_value", 400, "A SCIM attribute cannot have this value.", "Send a value as /scim/v2/Schemas describes the attribute.";
    ScimMutability = "scim_mutability", 400, "The SCIM attribute cannot be changed.", "Leave it out.";
    ScimUnsupported = "scim_unsupported", 501, "This part of SCIM is not supported.", "See /scim/v2/ServiceProviderConfig for what is.";
    NumberReserved = "number_reserved", 409, "A tenant has reserved the number.", "Wait until the reservation ends, or decline it.";
    ShopClosed = "shop_closed", 409, "The operator's storefront is closed.", "Wait until it opens, or ask the operator.";
    OutOfStock = "out_of_stock", 409, "A number cannot be had: it is not in stock, or somebody reserved it.", "Search the stock again, and ask for a quote of what is there.";
    MixedCurrencies = "mixed_currencies", 422, "The prices are in more than one currency.", "Ask for a quote for each currency.";
    QuoteExpired = "quote_expired", 409, "The quote is no longer good.", "Ask for another one.";
    TooManyQuotes = "too_many_quotes", 409, "There are as many quotes of this operator as a tenant may have at a time.", "Use one that you have, or wait until one runs out.";
    TooManyReservations = "too_many_reservations", 409, "There are as many open reservations as a tenant may have at an operator.", "Pay or cancel one first.";
    ReservationState = "reservation_state", 409, "The reservation cannot take this step from its state.", "Read the reservation; docs/shop.md says which steps its state allows.";
    AlreadyExtended = "already_extended", 409, "The reservation was extended before.", "Pay in time, or reserve again once it has expired.";
    SignatureInvalid = "signature_invalid", 401, "The message is not signed as it must be.", "Sign it by the Standard Webhooks scheme with the storefront's secret, and send it within 300 seconds.";
    NotInStock = "not_in_stock", 404, "The number is not in this operator's stock.", "List the stock to see what is there.";
    // Tags and blocks.
    InvalidTag = "invalid_tag", 422, "This is no tag.", "Write 1 to 50 characters, none of them a control character.";
    TooManyTags = "too_many_tags", 422, "There are more tags than a number or an order may have.", "A number has at most 50 tags, and an order adds and removes at most 10.";
    NumberBlocked = "number_blocked", 409, "The number is blocked from being assigned.", "Wait until the block ends, or lift it first.";
    AlreadyBlocked = "already_blocked", 409, "The number is blocked already.", "Lift that block before you set another.";
    NotBlocked = "not_blocked", 409, "The number is not blocked.", "Nothing to lift.";
    UsageNotTenants = "usage_not_tenants", 422, "A tenant turns numbers for people into numbers for queues and back, and no others.", "Ask the operator to change the usage.";
    // Assignment.
    AlreadyAssigned = "already_assigned", 409, "The number is already assigned.", "Unassign it first.";
    NotAssigned = "not_assigned", 409, "The number is not assigned.", "Nothing to unassign.";
    NotActivated = "not_activated", 409, "The number is not activated yet.", "Wait until its order has finished.";
    ConsentNotActive = "consent_not_active", 409, "The consent to this number's operator is not active.", "Resume the consent.";
    WrongUsage = "wrong_usage", 422, "The number was uploaded for another usage.", "Choose a number whose usage fits, or ask the operator to change it.";
    UserUnlicensed = "user_unlicensed", 422, "The user holds no telephony licence.", "Give the user the licence teams_phone.";
    AccountUnlicensed = "account_unlicensed", 422, "The resource account holds no licence.", "Give it the licence resource_account.";
    HasNumber = "has_number", 409, "The assignee already has a number.", "Unassign that number first.";
    TooManyLines = "too_many_lines", 409, "The user has as many alternate lines as anybody may have.", "Unassign one of them first; a user has at most 4.";
    LocationLocked = "location_locked", 409, "The operator does not let the tenant change this number's location.", "Ask the operator to change it.";
    LocationCountry = "location_country", 422, "The location lies in another country than the number.", "Choose a location in the number's country.";
    UnknownUser = "unknown_user", 422, "There is no such user in this tenant.", "Use a user id from the tenant's list.";
    UnknownAccount = "unknown_account", 422, "There is no such resource account in this tenant.", "Use an id from the tenant's list.";
    // The compatible face.
    UnsupportedApiVersion = "unsupported_api_version", 400, "The request names no version of this API that is supported here.", "Send api-version=2023-10-01 or api-version=2024-02-29-preview.";
    UnsupportedFilter = "unsupported_filter", 400, "The filter is not one this list understands.", "Use the subset described in docs/compatible-api.md.";
    RepeatabilityInvalid = "repeatability_invalid", 400, "The two Repeatability headers do not make a repeatable request.", "Send a Repeatability-Request-ID and the time it was first sent, or neither.";
    RepeatabilityExpired = "repeatability_expired", 412, "Repeatability-First-Sent is outside the time for which answers are kept.", "Read what is there, and send a new request with a new id.";
    ServiceNotOffered = "service_not_offered", 422, "This exchange does not offer that service.", "Set enabled to false; what else is said of the service is kept.";
    AccountNotEmpty = "account_not_empty", 409, "There are numbers in the account.", "Delete them first, or set deleteNumbers=true.";
    AccountBound = "account_bound", 409, "The account's tenant cannot change while it has Operator Connect numbers.", "Delete those numbers first, or use another account.";
    NoTenant = "no_tenant", 409, "The account names no tenant.", "Set serviceDetails/teamsTenantId of the account.";
    InOtherAccount = "in_other_account", 409, "The number is in another account of this operator.", "Delete it there first.";
    // Webhooks and events.
    EndpointRefused = "endpoint_refused", 422, "Events cannot be sent to this URL.", "Name an https:// URL of a host on the public Internet; the owner of the exchange may allow others.";
    UnknownEventType = "unknown_event_type", 422, "There is no such type of event for this face.", "Use the types listed in docs/api.md, or none for all.";
    TooManyWebhooks = "too_many_webhooks", 409, "There are as many subscriptions as one party may have.", "Remove one that is not needed.";
    EventsGone = "events_gone", 410, "The log no longer reaches back to this event.", "Read what you need anew, and follow the events from now on.";
    TooManyStreams = "too_many_streams", 429, "The events are followed too many times at once.", "Close another stream first, or wait as Retry-After says.";
    // Durations that operators push.
    NoLeg = "no_leg", 404, "No leg of this operator fits what the entry names.", "Name the call by the X-Meetpoint-Call-ID or SIP Call-ID of a leg of your own.";
    ManyLegs = "many_legs", 409, "More than one leg of this operator fits what the entry names.", "Name the call by its X-Meetpoint-Call-ID.";
    // Addresses.
    LocationInUse = "location_in_use", 409, "Numbers still use this location.", "Give those numbers another location first.";
}

impl ErrorCode {
    /// The code's entry by its text.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.code() == code)
    }

    /// A problem document with this code's own title and remedy.
    pub fn problem(self, field: Option<&str>, reason: impl Into<String>) -> Problem {
        Problem {
            kind: format!("/errors/{}", self.code()),
            title: self.title().to_owned(),
            status: self.status(),
            code: self.code().to_owned(),
            field: field.map(str::to_owned),
            reason: reason.into(),
            remedy: self.remedy().to_owned(),
            request_id: None,
        }
    }

    /// The same for one entry of an order.
    pub fn entry(self, field: Option<&str>, reason: impl Into<String>) -> EntryError {
        EntryError {
            code: self.code().to_owned(),
            field: field.map(str::to_owned),
            reason: reason.into(),
            remedy: self.remedy().to_owned(),
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.reason)?;
        if let Some(field) = &self.field {
            write!(f, " (field {field})")?;
        }
        write!(f, ". {}", self.remedy)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_well_formed() {
        let mut seen = std::collections::HashSet::new();
        for code in ErrorCode::ALL {
            assert!(seen.insert(code.code()), "{} twice", code.code());
            assert!(code.code().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!((400..600).contains(&code.status()), "{}", code.code());
            assert!(code.title().ends_with('.') && code.remedy().ends_with('.'), "{}", code.code());
            assert_eq!(ErrorCode::parse(code.code()), Some(*code));
        }
    }
}
