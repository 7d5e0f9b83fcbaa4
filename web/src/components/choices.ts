/** What a closed list of the API means to a reader; an unknown value is shown as it is. */
export const SERVICES: Record<string, string> = {
  Calling: "Calling",
  AudioConferencing: "Audio conferencing",
};

export const USAGES: Record<string, string> = {
  CallingUserAssignment: "User",
  FirstPartyAppAssignment: "Voice app",
  ConferenceAssignment: "Conference bridge",
};

/** What a number is to the person who has it. */
export const LINES: Record<string, string> = {
  Primary: "Primary number",
  Private: "Private line",
  Alternate: "Alternate line",
};

export const ASSIGNMENT: Record<string, string> = {
  Unassigned: "Unassigned",
  UserAssigned: "User",
  VoiceApplicationAssigned: "Voice app",
  ConferenceAssigned: "Conference bridge",
};

export const RELATIONSHIP: Record<string, string> = {
  ConsentAcknowledged: "Consent acknowledged",
  CustomerContacted: "Customer contacted",
  AgreementSigned: "Agreement signed",
  ConsentDeclined: "Consent declined",
  ContractTerminated: "Contract terminated",
};

export const COMPANY_SIZES: Record<string, string> = {
  L1_U49: "1 to 49 people",
  L50_U249: "50 to 249 people",
  L250_U999: "250 to 999 people",
  L1000_U4999: "1,000 to 4,999 people",
  L5000_U9999: "5,000 to 9,999 people",
};

export const NUMBER_TYPES: Record<string, string> = {
  user: "For users",
  service: "For services",
  conference: "For conferences",
};

/** How an operator brings an emergency call to help. */
export const EMERGENCY_HANDLING: Record<string, string> = {
  dynamic_location: "The location sent with the call routes it",
  registered_address: "The address registered for the number routes it",
  number_prefix: "The number's area code routes it",
  screened: "A national call centre answers first",
  unsupported: "No emergency calls: you need another way to help",
};

/** Who may edit emergency addresses. */
export const ADDRESS_EDITING: Record<string, string> = {
  operator_then_tenant: "The operator sets them, you may change them",
  tenant: "You set them",
  operator: "The operator sets them, you may not change them",
};

export const NUMBER_KINDS: Record<string, string> = {
  Geographic: "Geographic",
  Mobile: "Mobile",
  TollFree: "Toll-free",
  Other: "Other",
};

/** What becomes of a reservation. */
export const RESERVATIONS: Record<string, string> = {
  Reserved: "Reserved",
  Paid: "Paid",
  Accepted: "Being delivered",
  Completed: "Completed",
  Error: "Nothing delivered",
  Cancelled: "Cancelled",
  Declined: "Declined",
  Expired: "Expired",
};

export const POLICY_KINDS: Record<string, string> = {
  TenantDialPlan: "Dial plan",
  CallingLineIdentity: "Caller ID",
  OnlineVoiceRoutingPolicy: "Voice routing",
  OnlineDialOutPolicy: "Calls outside",
  OnlineAudioConferencingRoutingPolicy: "Voice routing of meetings",
  TeamsSharedCallingRoutingPolicy: "Shared calling",
  TeamsEmergencyCallingPolicy: "Emergency calling",
  TeamsEmergencyCallRoutingPolicy: "Emergency call routing",
};

/** How those who are told of an emergency call take part in it. */
export const NOTIFICATION_MODES: Record<string, string> = {
  NotificationOnly: "Told only",
  ConferenceMuted: "Called in, to listen",
  ConferenceUnMuted: "Called in, to speak",
};

/** What callers are shown by. */
export const SUBSTITUTES: Record<string, string> = {
  LineUri: "The caller's own number",
  Anonymous: "No number",
  Resource: "A call queue's number",
};

export const DIAL_OUT: Record<string, string> = {
  InternationalAndDomestic: "Abroad and in the country",
  Domestic: "In the country only",
  None: "Not at all",
};

export const SOURCES: Record<string, string> = { new: "New numbers", port: "Numbers to port" };

export function named(names: Record<string, string>, value: string): string {
  return names[value] ?? value;
}

export const OFFER_STATES: Record<string, string> = {
  draft: "Draft",
  published: "Published",
  withdrawn: "Withdrawn",
};

/** How an invitation stands. */
export const LEADS: Record<string, string> = {
  open: "Open",
  accepted: "Accepted",
  declined: "Declined",
  withdrawn: "Withdrawn",
  expired: "Expired",
};

/** How a dispute on a number stands. */
export const DISPUTES: Record<string, string> = {
  open: "Open",
  withdrawn: "Withdrawn by the claimant",
  conceded: "Conceded by the holder",
  upheld: "Upheld by the programme",
  rejected: "Rejected by the programme",
};

/** The same two as an operator reads them: what the tenant is told as `you` is its customer. */
export const OFFERED_EMERGENCY_HANDLING: Record<string, string> = {
  ...EMERGENCY_HANDLING,
  unsupported: "No emergency calls",
};

export const OFFERED_ADDRESS_EDITING: Record<string, string> = {
  operator_then_tenant: "You set them, the customer may change them",
  tenant: "The customer sets them",
  operator: "You set them, the customer may not change them",
};
