import { api, ok, type ListSource, type Schemas } from "./client";
import type { Role } from "./session";

/** Leaves out what is not set: an empty filter is no filter. */
function set<T extends Record<string, string>>(filter: T): Partial<T> {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== "")) as Partial<T>;
}

export interface DirectoryFilter extends Record<string, string> {
  country: string;
  service: string;
}

export const directory = (filter: DirectoryFilter): ListSource<Schemas["DirectoryEntry"]> => ({
  key: ["tenant", "operators", filter],
  page: (page, signal) =>
    ok(api.GET("/tenant/v1/operators", { params: { query: { ...set(filter), ...page } }, signal })),
});

export const tenantConsents: ListSource<Schemas["Consent"]> = {
  key: ["tenant", "consents"],
  page: (query, signal) => ok(api.GET("/tenant/v1/consents", { params: { query }, signal })),
};

export const operatorConsents: ListSource<Schemas["Consent"]> = {
  key: ["operator", "consents"],
  page: (query, signal) => ok(api.GET("/operator/v1/consents", { params: { query }, signal })),
};

export const numbers = (role: "tenant" | "operator"): ListSource<Schemas["Number"]> => ({
  key: [role, "numbers"],
  page: (query, signal) => ok(api.GET(`/${role}/v1/numbers`, { params: { query }, signal })),
});

export const calls = (role: Role): ListSource<Schemas["CallRecord"]> => ({
  key: [role, "calls"],
  page: (query, signal) => ok(api.GET(`/${role}/v1/calls`, { params: { query }, signal })),
});

export const users: ListSource<Schemas["User"]> = {
  key: ["tenant", "users"],
  page: (query, signal) => ok(api.GET("/tenant/v1/users", { params: { query }, signal })),
};

export const resourceAccounts: ListSource<Schemas["ResourceAccount"]> = {
  key: ["tenant", "resource-accounts"],
  page: (query, signal) => ok(api.GET("/tenant/v1/resource-accounts", { params: { query }, signal })),
};

export const civicAddresses: ListSource<Schemas["CivicAddress"]> = {
  key: ["tenant", "civic-addresses"],
  page: (query, signal) => ok(api.GET("/tenant/v1/civic-addresses", { params: { query }, signal })),
};


export const operators: ListSource<Schemas["Operator"]> = {
  key: ["programme", "operators"],
  page: (query, signal) => ok(api.GET("/programme/v1/operators", { params: { query }, signal })),
};

export const tenants: ListSource<Schemas["Tenant"]> = {
  key: ["programme", "tenants"],
  page: (query, signal) => ok(api.GET("/programme/v1/tenants", { params: { query }, signal })),
};
