import { Button } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { api, ifMatch, ok, useList, type Schemas } from "../../api/client";
import { policies } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { named, POLICY_KINDS } from "../../components/choices";
import { Done } from "../../components/Done";
import { Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { blank, said, sent, type Kind, type Settings } from "./settings";
import { SettingsForm } from "./SettingsForm";

type Policy = Schemas["Policy"];

const columns: Column<Policy>[] = [
  { key: "name", header: "Name", width: "minmax(140px, 1fr)", render: (row) => row.name },
  { key: "kind", header: "Kind", width: "minmax(110px, 0.7fr)", render: (row) => named(POLICY_KINDS, row.settings.kind) },
  { key: "says", header: "What it says", width: "minmax(220px, 2.4fr)", render: (row) => said(row.settings) },
  { key: "note", header: "Description", width: "minmax(120px, 1fr)", render: (row) => row.description },
];

/** Policies of every kind. */
export function PolicyList() {
  const [kind, setKind] = useState("");
  const list = useList(policies(kind));
  const [open, setOpen] = useState<Policy | "new">();
  const [done, setDone] = useState<string>();
  return (
    <Part
      filters={<Choice label="Kind" any="All" value={kind} onChange={setKind} options={Object.entries(POLICY_KINDS)} />}
      actions={
        <Button appearance="primary" icon={<AddRegular />} onClick={() => setOpen("new")}>
          Add policy
        </Button>
      }
      error={list.error}
      loading={list.isLoading}
    >
      <Done>{done}</Done>
      <Grid
        label="Policies"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty={kind ? "There is no policy of this kind." : "No policy yet. Without one people dial, and are shown, as their phones say."}
      />
      {open && (
        <PolicyDialog
          policy={open === "new" ? undefined : open}
          kind={(kind || "TenantDialPlan") as Kind}
          onClose={() => setOpen(undefined)}
          onDone={(what) => {
            setOpen(undefined);
            setDone(what);
          }}
        />
      )}
    </Part>
  );
}

interface PolicyDialogProps {
  policy: Policy | undefined;
  /** Of which kind a new one is at first. */
  kind: Kind;
  onClose: () => void;
  onDone: (what: string) => void;
}

function PolicyDialog({ policy, kind, onClose, onDone }: PolicyDialogProps) {
  const [name, setName] = useState(policy?.name ?? "");
  const [description, setDescription] = useState(policy?.description ?? "");
  const [settings, setSettings] = useState<Settings>(() => policy?.settings ?? blank(kind));
  const save = useWrite(
    () => {
      const body = { name: name.trim(), description: description.trim(), settings: sent(settings) };
      return policy
        ? ok(
            api.PATCH("/tenant/v1/policies/{policy_id}", {
              params: { path: { policy_id: policy.id }, header: ifMatch(policy.version) },
              body,
            }),
          )
        : ok(api.POST("/tenant/v1/policies", { body }));
    },
    (saved) => onDone(policy ? `${saved.name} is saved.` : `${saved.name} is there. It holds for nobody until it is assigned.`),
  );
  const remove = useWrite(
    (gone: Policy) =>
      ok(
        api.DELETE("/tenant/v1/policies/{policy_id}", {
          params: { path: { policy_id: gone.id }, header: ifMatch(gone.version) },
        }),
      ),
    (gone) => onDone(`${gone.name} is deleted.`),
  );
  const busy = save.isPending || remove.isPending;
  return (
    <FormDialog
      title={policy ? policy.name : "Add a policy"}
      wide={["TenantDialPlan", "TeamsEmergencyCallRoutingPolicy", "TeamsEmergencyCallingPolicy"].includes(settings.kind)}
      submit={policy ? "Save" : "Add"}
      error={save.error ?? remove.error}
      busy={busy}
      onSubmit={() => {
        remove.reset();
        save.mutate();
      }}
      onClose={onClose}
      actions={
        policy && (
          <Button
            disabledFocusable={busy}
            onClick={() => {
              save.reset();
              remove.mutate(policy);
            }}
          >
            Delete
          </Button>
        )
      }
    >
      {!policy && (
        <Choice
          label="Kind"
          value={settings.kind}
          onChange={(next) => setSettings(blank(next as Kind))}
          options={Object.entries(POLICY_KINDS)}
        />
      )}
      <Text label="Name" required value={name} onChange={setName} />
      <Text label="Description" value={description} onChange={setDescription} />
      <SettingsForm settings={settings} onChange={setSettings} />
    </FormDialog>
  );
}
