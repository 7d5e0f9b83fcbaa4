import { Button } from "@fluentui/react-components";
import { AddRegular, EditRegular } from "@fluentui/react-icons";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { api, ifMatch, ok, useWhole, type Schemas } from "../../api/client";
import { gateways } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Done } from "../../components/Done";
import { Pair, Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { RowList } from "../../components/RowList";
import { put, without } from "../../components/rows";
import { Several } from "../../components/Several";
import { whole } from "../../components/figures";

type Routing = Schemas["VoiceRouting"];
type Route = Schemas["VoiceRoute"];

/** Routes in the order in which they are tried within a usage. */
export function byPriority(routes: readonly Route[]): Route[] {
  return [...routes].sort((a, b) => (a.priority ?? 0) - (b.priority ?? 0) || a.name.localeCompare(b.name));
}

/** PSTN usages, and the routes by which calls to numbers leave over gateways. */
export function VoiceRoutes() {
  const routing = useQuery({
    queryKey: ["tenant", "voice-routing"],
    queryFn: ({ signal }) => ok(api.GET("/tenant/v1/voice-routing", { signal })),
  });
  const known = useWhole(gateways);
  const [open, setOpen] = useState<Route | "new" | "usages">();
  const [done, setDone] = useState<string>();
  const named = (id: string) => known.rows.find((gateway) => gateway.id === id)?.fqdn ?? id;
  const columns: Column<Route>[] = [
    { key: "priority", header: "Priority", width: "72px", numeric: true, render: (row) => row.priority },
    { key: "name", header: "Route", width: "minmax(120px, 1fr)", render: (row) => row.name },
    { key: "pattern", header: "Called numbers", width: "minmax(130px, 1.2fr)", render: (row) => <code>{row.number_pattern}</code> },
    { key: "usages", header: "PSTN usages", width: "minmax(120px, 1fr)", render: (row) => row.online_pstn_usages.join(", ") },
    {
      key: "gateways",
      header: "Gateways",
      width: "minmax(180px, 1.6fr)",
      render: (row) => row.gateway_ids?.map(named).join(", ") || "None: it closes what it matches",
    },
  ];
  const finished = (what: string) => {
    setOpen(undefined);
    setDone(what);
  };
  return (
    <Part
      filters={
        <span>
          PSTN usages: {routing.data?.online_pstn_usages.join(", ") || "none yet"}
        </span>
      }
      actions={
        <>
          <Button icon={<EditRegular />} disabledFocusable={!routing.data} onClick={() => setOpen("usages")}>
            PSTN usages
          </Button>
          <Button appearance="primary" icon={<AddRegular />} disabledFocusable={!routing.data} onClick={() => setOpen("new")}>
            Add route
          </Button>
        </>
      }
      error={routing.error ?? known.error}
      loading={routing.isLoading}
    >
      <Done>{done}</Done>
      <Grid
        label="Voice routes"
        columns={columns}
        rows={byPriority(routing.data?.routes ?? [])}
        rowKey={(row) => row.name}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        empty="No voice route: calls leave by the operator of the caller's number."
      />
      {open === "usages" && routing.data && (
        <Usages routing={routing.data} onClose={() => setOpen(undefined)} onDone={finished} />
      )}
      {open && open !== "usages" && routing.data && (
        <RouteDialog
          routing={routing.data}
          route={open === "new" ? undefined : open}
          gateways={known.rows}
          onClose={() => setOpen(undefined)}
          onDone={finished}
        />
      )}
    </Part>
  );
}

interface DialogProps {
  routing: Routing;
  onClose: () => void;
  onDone: (what: string) => void;
}

/** Replaces a part of the routing; the rest goes back as it was read, at the version that was read. */
function usePutRouting(routing: Routing, onDone: () => void) {
  const { version, ...all } = routing;
  return useWrite(
    (part: Schemas["VoiceRoutingPut"]) =>
      ok(api.PUT("/tenant/v1/voice-routing", { params: { header: ifMatch(version) }, body: { ...all, ...part } })),
    onDone,
  );
}

function Usages({ routing, onClose, onDone }: DialogProps) {
  const [names, setNames] = useState(() => routing.online_pstn_usages.map((name) => ({ name })));
  const save = usePutRouting(routing, () => onDone("The PSTN usages are saved."));
  return (
    <FormDialog
      title="PSTN usages"
      submit="Save"
      error={save.error}
      busy={save.isPending}
      onSubmit={() => save.mutate({ online_pstn_usages: names.map(({ name }) => name.trim()).filter(Boolean) })}
      onClose={onClose}
    >
      <RowList
        legend="What voice routes serve, and voice routing policies name"
        what="PSTN usage"
        rows={names}
        onChange={setNames}
        fresh={() => ({ name: "" })}
        render={(row, change) => <Text label="Name" required value={row.name} onChange={(name) => change({ name })} />}
      />
    </FormDialog>
  );
}

function RouteDialog(props: DialogProps & { route: Route | undefined; gateways: Schemas["Gateway"][] }) {
  const { routing, route, gateways: all, onClose, onDone } = props;
  const found = route ? routing.routes.findIndex((other) => other.name === route.name) : -1;
  const at = found < 0 ? undefined : found;
  const [name, setName] = useState(route?.name ?? "");
  const [pattern, setPattern] = useState(route?.number_pattern ?? "");
  const [priority, setPriority] = useState(String(route?.priority ?? 0));
  const [usages, setUsages] = useState(route?.online_pstn_usages ?? []);
  const [ids, setIds] = useState(route?.gateway_ids ?? []);
  const [gone, setGone] = useState(false);
  const save = usePutRouting(routing, () => onDone(gone ? `${route?.name} is deleted.` : `${name.trim()} is saved.`));
  return (
    <FormDialog
      title={route?.name ?? "Add a voice route"}
      submit={route ? "Save" : "Add"}
      error={save.error}
      busy={save.isPending}
      onSubmit={() => {
        setGone(false);
        save.mutate({
          routes: put(routing.routes, at, {
            name: name.trim(),
            number_pattern: pattern.trim(),
            priority: whole(priority) ?? 0,
            online_pstn_usages: usages,
            gateway_ids: ids,
          }),
        });
      }}
      onClose={onClose}
      actions={
        at !== undefined && (
          <Button
            disabledFocusable={save.isPending}
            onClick={() => {
              setGone(true);
              save.mutate({ routes: without(routing.routes, at) });
            }}
          >
            Delete
          </Button>
        )
      }
    >
      <Pair>
        <Text label="Name" required placeholder="Germany" value={name} onChange={setName} />
        <Text label="Priority" type="number" hint="The lowest is tried first" value={priority} onChange={setPriority} />
      </Pair>
      <Text
        label="Called numbers"
        required
        hint="A regular expression over the called number, + and digits"
        placeholder="^\+49"
        value={pattern}
        onChange={setPattern}
      />
      <Several
        legend="PSTN usages that it serves"
        none="There is none yet: add PSTN usages first."
        options={routing.online_pstn_usages.map((usage) => [usage, usage] as const)}
        chosen={usages}
        onChange={setUsages}
      />
      <Several
        legend="Gateways by which calls leave; a route without any closes what it matches"
        none="There is none yet."
        options={all.map((gateway) => [gateway.id, `${gateway.fqdn}${gateway.enabled ? "" : " (drained)"}`] as const)}
        chosen={ids}
        onChange={setIds}
      />
    </FormDialog>
  );
}
