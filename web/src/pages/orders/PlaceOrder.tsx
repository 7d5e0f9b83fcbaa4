import { Body1, Checkbox, Field } from "@fluentui/react-components";
import { useId, useState, type ReactNode } from "react";

import { postCsv, useWhole } from "../../api/client";
import { callingProfiles, civicAddresses, operatorConsents } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { USAGES } from "../../components/choices";
import { Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { locationChoices } from "../numbers/locations";

interface PlaceProps {
  onClose: () => void;
  onPlaced: (what: string) => void;
}

interface FileOrderProps extends PlaceProps {
  path: Parameters<typeof postCsv>[0];
  /** What holds for every row. */
  query: Record<string, string>;
  disabled?: boolean;
  /** The columns that the file may have. */
  columns: string;
  children: ReactNode;
}

/** A file, what it is to do, a reference, and whether it is a trial. */
function FileOrder({ path, query, disabled = false, columns, children, onClose, onPlaced }: FileOrderProps) {
  const file = useId();
  const [text, setText] = useState("");
  const [ticket, setTicket] = useState("");
  const [trial, setTrial] = useState(true);
  const place = useWrite(
    () => postCsv(path, { ...query, ticket_id: ticket.trim(), ...(trial && { dry_run: "true" }) }, text),
    (order) => onPlaced(`The order of ${order.total.toLocaleString()} ${order.total === 1 ? "entry" : "entries"} is placed.`),
  );
  return (
    <FormDialog
      title="Order from a file"
      submit={trial ? "Try" : "Place the order"}
      error={place.error}
      busy={place.isPending}
      disabled={disabled || text.trim() === ""}
      onSubmit={() => place.mutate()}
      onClose={onClose}
    >
      {children}
      <Field label={{ children: "File", htmlFor: file }} required hint={`CSV with a header: ${columns}`}>
        <input
          id={file}
          type="file"
          accept=".csv,.txt,text/csv,text/plain"
          onChange={(event) => {
            place.reset();
            void event.target.files?.[0]?.text().then(setText);
          }}
        />
      </Field>
      <Text label="Reference" value={ticket} onChange={setTicket} />
      <Checkbox
        label="Only try: check everything, change nothing"
        checked={trial}
        onChange={(_, data) => setTrial(data.checked === true)}
      />
      <Body1>Each entry succeeds or fails alone. The order runs by itself; its page shows how far it is.</Body1>
    </FormDialog>
  );
}

const TENANT_KINDS = [
  ["assign", "Assign"],
  ["unassign", "Unassign"],
  ["location", "Set the emergency location"],
  ["tags", "Tag"],
  ["usage", "Change the usage"],
] as const;

const TENANT_COLUMNS: Record<string, string> = {
  assign: "number, user or resource_account, location_id",
  unassign: "number",
  location: "number, location_id",
  tags: "number",
  usage: "number",
};

/** An organisation's order: what is to be done to its numbers. */
export function PlaceTenantOrder(props: PlaceProps) {
  const addresses = useWhole(civicAddresses);
  const [kind, setKind] = useState("assign");
  const [location, setLocation] = useState("");
  const [usage, setUsage] = useState("CallingUserAssignment");
  const [block, setBlock] = useState("");
  const [add, setAdd] = useState("");
  const [remove, setRemove] = useState("");
  return (
    <FileOrder
      {...props}
      path="/tenant/v1/number-orders/csv"
      columns={TENANT_COLUMNS[kind] ?? "number"}
      query={{
        kind,
        ...((kind === "assign" || kind === "location") && { location_id: location }),
        ...(kind === "usage" && { usage }),
        ...(kind === "unassign" && { block: block.trim() }),
        ...(kind === "tags" && { add_tags: add.trim(), remove_tags: remove.trim() }),
      }}
    >
      <Choice label="What to do" value={kind} onChange={setKind} options={TENANT_KINDS} />
      {(kind === "assign" || kind === "location") && (
        <Choice
          label="Emergency location"
          any="As the rows say"
          value={location}
          onChange={setLocation}
          options={locationChoices(addresses.rows)}
        />
      )}
      {kind === "usage" && (
        <Choice
          label="Usage"
          value={usage}
          onChange={setUsage}
          options={Object.entries(USAGES).filter(([value]) => value !== "ConferenceAssignment")}
        />
      )}
      {kind === "unassign" && (
        <Text
          label="Block afterwards"
          hint="none, forever, or 1 to 365 days; empty is what your settings say"
          value={block}
          onChange={setBlock}
        />
      )}
      {kind === "tags" && (
        <>
          <Text label="Tags to add" hint="Parted by commas" value={add} onChange={setAdd} />
          <Text label="Tags to remove" hint="Parted by commas" value={remove} onChange={setRemove} />
        </>
      )}
    </FileOrder>
  );
}

const OPERATOR_KINDS = [
  ["upload", "Upload"],
  ["release", "Release"],
  ["update", "Update"],
] as const;

/** An operator's order: numbers that come to a customer, leave it, or change. */
export function PlaceOperatorOrder(props: PlaceProps) {
  const consents = useWhole(operatorConsents);
  const profiles = useWhole(callingProfiles);
  const [kind, setKind] = useState("upload");
  const [tenant, setTenant] = useState("");
  const [profile, setProfile] = useState("");
  const [usage, setUsage] = useState("");
  const [location, setLocation] = useState("");
  const [addresses, setAddresses] = useState("");
  const only = profiles.rows.length === 1 ? profiles.rows[0]?.id : undefined;
  return (
    <FileOrder
      {...props}
      path="/operator/v1/number-orders/csv"
      columns={kind === "release" ? "number" : "number, usage, calling_profile_id, location_id, country"}
      disabled={tenant === ""}
      query={{
        kind,
        tenant_id: tenant,
        ...(kind !== "release" && {
          // For an update, what is left out stays.
          calling_profile_id: profile || (kind === "upload" && only) || "",
          usage,
          location_id: location.trim(),
          allow_tenant_address_update: addresses,
        }),
      }}
    >
      <Choice label="What to do" value={kind} onChange={setKind} options={OPERATOR_KINDS} />
      <Choice
        label="Customer"
        required
        any="Choose a customer"
        value={tenant}
        onChange={setTenant}
        options={consents.rows
          .filter((consent) => consent.status !== "Removed")
          .map((consent) => [consent.tenant_id, consent.tenant_name] as const)}
      />
      {kind !== "release" && (
        <>
          <Choice
            label="Calling profile"
            any={kind === "upload" && only ? (profiles.rows[0]?.name ?? "") : "As the rows say"}
            value={profile}
            onChange={setProfile}
            options={profiles.rows.map((one) => [one.id, one.name] as const)}
          />
          <Choice label="Usage" any="As the rows say" value={usage} onChange={setUsage} options={Object.entries(USAGES)} />
          <Text label="Location id" hint="One of the customer's" value={location} onChange={setLocation} />
          <Choice
            label="May the customer set the emergency location?"
            any={kind === "upload" ? "No" : "As it was"}
            value={addresses}
            onChange={setAddresses}
            options={[
              ["true", "Yes"],
              ...(kind === "update" ? [["false", "No"] as const] : []),
            ]}
          />
        </>
      )}
    </FileOrder>
  );
}
