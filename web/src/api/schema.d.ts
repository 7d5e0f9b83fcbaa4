export interface paths {
  "/tenant/v1/operators": { get: { parameters: { query?: { cursor?: string; limit?: number; country?: string; service?: string } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["DirectoryEntry"][]; next_cursor: string | null } } } } } };
  "/tenant/v1/consents": { get: { parameters: { query?: { cursor?: string; limit?: number; } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["Consent"][]; next_cursor: string | null } } } } }; post: { parameters: {  header?: { "If-Match"?: string } }; requestBody: { content: { "application/json": components["schemas"]["ConsentCreate"] } }; responses: { 200: { content: { "application/json": components["schemas"]["Consent"] } } } } };
  "/tenant/v1/consents/{operator_id}": { patch: { parameters: { path: { operator_id: string }; header?: { "If-Match"?: string } }; requestBody: { content: { "application/json": components["schemas"]["ConsentUpdate"] } }; responses: { 200: { content: { "application/json": components["schemas"]["Consent"] } } } }; delete: { parameters: { path: { operator_id: string }; header?: { "If-Match"?: string } }; responses: { 204: { content?: never } } } };
  "/tenant/v1/numbers": { get: { parameters: { query?: { cursor?: string; limit?: number; prefix?: string; country?: string; usage?: string; status?: string; operator_id?: string } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["Number"][]; next_cursor: string | null } } } } } };
  "/tenant/v1/numbers/{number}/assignment": { put: { parameters: { path: { number: string }; header?: { "If-Match"?: string } }; requestBody: { content: { "application/json": components["schemas"]["AssignmentPut"] } }; responses: { 200: { content: { "application/json": components["schemas"]["Number"] } } } }; delete: { parameters: { path: { number: string }; header?: { "If-Match"?: string } }; responses: { 204: { content?: never } } } };
  "/tenant/v1/users": { get: { parameters: { query?: { cursor?: string; limit?: number; } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["User"][]; next_cursor: string | null } } } } } };
  "/tenant/v1/resource-accounts": { get: { parameters: { query?: { cursor?: string; limit?: number; } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["ResourceAccount"][]; next_cursor: string | null } } } } } };
  "/tenant/v1/civic-addresses": { get: { parameters: { query?: { cursor?: string; limit?: number; } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["CivicAddress"][]; next_cursor: string | null } } } } }; post: { parameters: {  header?: { "If-Match"?: string } }; requestBody: { content: { "application/json": components["schemas"]["CivicAddressCreate"] } }; responses: { 200: { content: { "application/json": components["schemas"]["CivicAddress"] } } } } };
  "/tenant/v1/calls": { get: { parameters: { query?: { cursor?: string; limit?: number; kind?: string; number?: string } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["CallRecord"][]; next_cursor: string | null } } } } } };
  "/operator/v1/calls": { get: { parameters: { query?: { cursor?: string; limit?: number; kind?: string; number?: string } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["CallRecord"][]; next_cursor: string | null } } } } } };
  "/programme/v1/calls": { get: { parameters: { query?: { cursor?: string; limit?: number; kind?: string; number?: string } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["CallRecord"][]; next_cursor: string | null } } } } } };
  "/operator/v1/consents": { get: { parameters: { query?: { cursor?: string; limit?: number; } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["Consent"][]; next_cursor: string | null } } } } } };
  "/operator/v1/consents/{tenant_id}": { patch: { parameters: { path: { tenant_id: string }; header?: { "If-Match"?: string } }; requestBody: { content: { "application/json": components["schemas"]["RelationshipUpdate"] } }; responses: { 200: { content: { "application/json": components["schemas"]["Consent"] } } } } };
  "/operator/v1/numbers": { get: { parameters: { query?: { cursor?: string; limit?: number; prefix?: string; country?: string; usage?: string; status?: string } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["Number"][]; next_cursor: string | null } } } } } };
  "/operator/v1/number-orders": { get: { parameters: { query?: { cursor?: string; limit?: number; } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["NumberOrder"][]; next_cursor: string | null } } } } } };
  "/programme/v1/operators": { get: { parameters: { query?: { cursor?: string; limit?: number; } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["Operator"][]; next_cursor: string | null } } } } } };
  "/programme/v1/tenants": { get: { parameters: { query?: { cursor?: string; limit?: number; } }; responses: { 200: { headers: Record<string, never>; content: { "application/json": { items: components["schemas"]["Tenant"][]; next_cursor: string | null } } } } } };
}

export interface components {
  schemas: {
    CallRecord: {
      id: string;
      kind: string | null;
      tenant_id: string | null;
      operator_id: string | null;
      operator_name: string | null;
      number: string | null;
      caller: string;
      callee: string;
      user_id: string | null;
      user_name: string | null;
      queue_id: string | null;
      queue_name: string | null;
      trunk_id: string | null;
      trunk: string | null;
      attempts: components["schemas"]["CallAttempt"][];
      started_at: string | null;
      answered_at: string | null;
      ended_at: string | null;
      duration_ms: number | null;
      sip_code: number | null;
      reason: string | null;
      hung_up_by: string | null;
      in_call_id: string | null;
      out_call_id: string | null;
      complete: boolean;
    };
    CallAttempt: {
      trunk_id: string;
      trunk: string | null;
      sip_code: number;
      ms: number;
    };
    ExplainCall: {
      from_user_id?: string | null;
      inbound?: boolean;
      called: string;
    };
    Explanation: {
      routed: boolean;
      kind: string | null;
      code: string | null;
      sip_code: number | null;
      operator_id: string | null;
      trunks: string[];
      steps: components["schemas"]["ExplainStep"][];
    };
    ExplainStep: {
      rule: string;
      found: string;
    };
    ClientCreate: {
      name: string;
      role: string;
      operator_id?: string | null;
      tenant_id?: string | null;
    };
    ClientCredentials: {
      client_id: string;
      client_secret: string;
      role: string;
      scopes: string[];
    };
    LoginCode: {
      code: string;
      expires_at: string;
    };
    TokenAnswer: {
      access_token: string;
      token_type: string;
      expires_in: number;
      scope: string;
    };
    SessionCreate: {
      code: string;
    };
    Session: {
      principal_id: string;
      name: string;
      role: string;
      operator_id: string | null;
      operator_name: string | null;
      tenant_id: string | null;
      tenant_name: string | null;
      demo: boolean;
    };
    AuditEntry: {
      id: number;
      at: string;
      principal_id: string | null;
      principal: string | null;
      action: string;
      subject: string;
      request_id: string | null;
    };
    NumberOrderCreate: {
      kind: string;
      tenant_id: string;
      calling_profile_id?: string | null;
      usage?: string | null;
      location_id?: string | null;
      allow_tenant_address_update?: boolean;
      ticket_id?: string | null;
      dry_run?: boolean;
      entries: components["schemas"]["NumberOrderEntryCreate"][];
    };
    NumberOrderEntryCreate: {
      number: string;
      usage?: string | null;
      calling_profile_id?: string | null;
      location_id?: string | null;
      country?: string | null;
    };
    NumberOrder: {
      id: string;
      kind: string;
      tenant_id: string;
      status: string;
      dry_run: boolean;
      total: number;
      done: number;
      succeeded: number;
      failed: number;
      ticket_id: string | null;
      created_at: string;
      finished_at: string | null;
    };
    NumberOrderEntry: {
      index: number;
      number: string;
      status: string;
      error: components["schemas"]["EntryError"] | null;
      warning: string | null;
    };
    Number: {
      number: string;
      tenant_id: string;
      operator_id: string;
      operator_name: string;
      number_type: string;
      calling_profile_id: string;
      country: string;
      usage: string;
      activation_state: string;
      assignment_status: string;
      assigned_to_id: string | null;
      assigned_to_name: string | null;
      location_id: string | null;
      location_update_supported: boolean;
      acquired_at: string;
      version: number;
    };
    AssignmentPut: {
      user_id?: string | null;
      resource_account_id?: string | null;
      location_id?: string | null;
      dry_run?: boolean;
    };
    OperatorCreate: {
      name: string;
    };
    Operator: {
      id: string;
      name: string;
      created_at: string;
      version: number;
    };
    TrunkCreate: {
      fqdn: string;
      address: string;
      sources?: string[];
      match_port?: boolean;
      transport?: string | null;
      failover_time_seconds?: number | null;
      options_interval_seconds?: number | null;
      send_options?: boolean | null;
      max_uri?: number | null;
    };
    Trunk: {
      id: string;
      operator_id: string;
      fqdn: string;
      address: string;
      sources: string[];
      match_port: boolean;
      transport: string;
      enabled: boolean;
      failover_time_seconds: number;
      options_interval_seconds: number;
      send_options: boolean;
      max_uri: number;
      version: number;
    };
    TrunkUpdate: {
      enabled: boolean;
    };
    CallingProfileCreate: {
      name: string;
      trunk_ids: string[];
    };
    CallingProfile: {
      id: string;
      operator_id: string;
      name: string;
      trunk_ids: string[];
    };
    RangeCreate: {
      first: string;
      last: string;
    };
    Range: {
      id: string;
      operator_id: string;
      first: string;
      last: string;
    };
    OfferPut: {
      services: string[];
      countries: string[];
      landing_page: string;
      published: boolean;
    };
    Offer: {
      operator_id: string;
      services: string[];
      countries: string[];
      landing_page: string;
      published: boolean;
      version: number;
    };
    DirectoryEntry: {
      operator_id: string;
      name: string;
      services: string[];
      countries: string[];
      landing_page: string;
      acquired_numbers_count: number;
      consent_status: string | null;
    };
    Problem: {
      type: string;
      title: string;
      status: number;
      code: string;
      field: string | null;
      reason: string;
      remedy: string;
      request_id: string | null;
    };
    EntryError: {
      code: string;
      field: string | null;
      reason: string;
      remedy: string;
    };
    TenantCreate: {
      name: string;
      domain: string;
    };
    Tenant: {
      id: string;
      name: string;
      domain: string;
      created_at: string;
    };
    Contact: {
      full_name: string;
      email: string;
      phone_number?: string | null;
    };
    Requirement: {
      country: string;
      number_type: string;
      quantity: number;
      source: string;
      wanted_on?: string | null;
    };
    ConsentCreate: {
      operator_id: string;
      countries: string[];
      requirements?: components["schemas"]["Requirement"][];
      contacts: components["schemas"]["Contact"][];
      company_name: string;
      company_size: string;
      notice_accepted: boolean;
    };
    ConsentUpdate: {
      status?: string | null;
      countries?: string[] | null;
      requirements?: components["schemas"]["Requirement"][] | null;
      contacts?: components["schemas"]["Contact"][] | null;
    };
    RelationshipUpdate: {
      status: string;
      comment?: string | null;
    };
    Consent: {
      id: string;
      tenant_id: string;
      tenant_name: string;
      operator_id: string;
      operator_name: string;
      status: string;
      relationship_status: string;
      relationship_comment: string | null;
      countries: string[];
      requirements: components["schemas"]["Requirement"][];
      contacts: components["schemas"]["Contact"][];
      company_name: string;
      company_size: string;
      consented_at: string;
      modified_at: string;
      version: number;
    };
    CivicAddressCreate: {
      company_name: string;
      country: string;
      house_number?: string | null;
      street_name?: string | null;
      city_or_town?: string | null;
      state_or_province?: string | null;
      postal_or_zip_code?: string | null;
      description?: string | null;
      latitude?: string | null;
      longitude?: string | null;
    };
    CivicAddress: {
      id: string;
      default_location_id: string;
      company_name: string;
      country: string;
      house_number: string | null;
      street_name: string | null;
      city_or_town: string | null;
      state_or_province: string | null;
      postal_or_zip_code: string | null;
      description: string | null;
      latitude: string | null;
      longitude: string | null;
      locations: components["schemas"]["Location"][];
    };
    Location: {
      id: string;
      civic_address_id: string;
      description: string;
      is_default: boolean;
    };
    LocationCreate: {
      description: string;
    };
    UserCreate: {
      upn: string;
      display_name: string;
      country: string;
      licences?: string[];
    };
    UserUpdate: {
      display_name?: string | null;
      licences?: string[] | null;
    };
    User: {
      id: string;
      upn: string;
      display_name: string;
      country: string;
      licences: string[];
      number: string | null;
      has_phone: boolean;
      version: number;
    };
    PhoneCredentials: {
      username: string;
      password: string;
      domain: string;
      aor: string;
    };
    ResourceAccountCreate: {
      upn: string;
      display_name: string;
      kind: string;
      licences?: string[];
      agent_ids: string[];
      ring_seconds?: number | null;
    };
    ResourceAccount: {
      id: string;
      upn: string;
      display_name: string;
      kind: string;
      licences: string[];
      agent_ids: string[];
      ring_seconds: number;
      number: string | null;
      version: number;
    };
  };
}
