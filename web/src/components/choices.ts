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

export const SOURCES: Record<string, string> = { new: "New numbers", port: "Numbers to port" };

export function named(names: Record<string, string>, value: string): string {
  return names[value] ?? value;
}
