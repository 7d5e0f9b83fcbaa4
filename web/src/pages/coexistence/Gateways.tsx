import { Body1, Button, Checkbox } from "@fluentui/react-components";
import { AddRegular } from "@fluentui/react-icons";
import { useState } from "react";

import { api, ifMatch, ok, useList, type Schemas } from "../../api/client";
import { gateways } from "../../api/lists";
import { useWrite } from "../../api/write";
import { Choice } from "../../components/Choice";
import { Done } from "../../components/Done";
import { Facts } from "../../components/Facts";
import { FieldGroup, Pair, Text } from "../../components/Fields";
import { FormDialog } from "../../components/FormDialog";
import { countryName } from "../../components/format";
import { Grid, type Column } from "../../components/Grid";
import { Part } from "../../components/Page";
import { StatusBadge } from "../../components/StatusBadge";
import { limit, whole } from "../../components/figures";

type Gateway = Schemas["Gateway"];

const columns: Column<Gateway>[] = [
  { key: "fqdn", header: "Gateway", width: "minmax(180px, 1.6fr)", render: (row) => row.fqdn },
  { key: "address", header: "Address", width: "minmax(150px, 1.2fr)", render: (row) => `${row.address}, ${row.transport.toUpperCase()}` },
  { key: "country", header: "Country", width: "minmax(110px, 1fr)", render: (row) => countryName(row.country) },
  {
    key: "enabled",
    header: "Carries calls",
    width: "104px",
    render: (row) => <StatusBadge status={row.enabled ? "Active" : "Suspended"} label={row.enabled ? "Enabled" : "Drained"} />,
  },
  { key: "calls", header: "Most calls", width: "88px", numeric: true, render: (row) => limit(row.max_concurrent_calls) },
  { key: "rate", header: "A second", width: "80px", numeric: true, render: (row) => limit(row.max_calls_per_second) },
  { key: "options", header: "OPTIONS", width: "80px", render: (row) => (row.send_options ? `Every ${row.options_interval_seconds} s` : "None") },
];

/** An organisation's own session border controllers, PBXs and accesses of other carriers. */
export function Gateways() {
  const list = useList(gateways);
  const [open, setOpen] = useState<Gateway | "new">();
  const [done, setDone] = useState<string>();
  return (
    <Part
      actions={
        <Button appearance="primary" icon={<AddRegular />} onClick={() => setOpen("new")}>
          Add gateway
        </Button>
      }
      error={list.error}
      loading={list.isLoading}
    >
      <Done>{done}</Done>
      <Grid
        label="Gateways"
        columns={columns}
        rows={list.rows}
        rowKey={(row) => row.id}
        onOpen={(row) => {
          setDone(undefined);
          setOpen(row);
        }}
        hasMore={list.hasMore}
        onEndInSight={list.more}
        empty="No gateway. Operators need none; add one for a PBX or an access of your own."
      />
      {open && (
        <GatewayDialog
          gateway={open === "new" ? undefined : open}
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

interface GatewayDialogProps {
  gateway: Gateway | undefined;
  onClose: () => void;
  onDone: (what: string) => void;
}

function GatewayDialog({ gateway, onClose, onDone }: GatewayDialogProps) {
  const [fqdn, setFqdn] = useState("");
  const [address, setAddress] = useState("");
  const [transport, setTransport] = useState("udp");
  const [sources, setSources] = useState("");
  const [matchPort, setMatchPort] = useState(false);
  const [country, setCountry] = useState(gateway?.country ?? "");
  const [enabled, setEnabled] = useState(gateway?.enabled ?? false);
  const [calls, setCalls] = useState(String(gateway?.max_concurrent_calls ?? ""));
  const [rate, setRate] = useState(String(gateway?.max_calls_per_second ?? ""));
  const [failover, setFailover] = useState(String(gateway?.failover_time_seconds ?? 10));
  const [options, setOptions] = useState(gateway?.send_options ?? true);
  const [oneEarly, setOneEarly] = useState(gateway?.single_early_dialog ?? false);

  const save = useWrite(
    () => {
      const both = {
        country: country.trim().toUpperCase(),
        enabled,
        failover_time_seconds: whole(failover),
        send_options: options,
        single_early_dialog: oneEarly,
      };
      return gateway
        ? ok(
            api.PATCH("/tenant/v1/gateways/{gateway_id}", {
              params: { path: { gateway_id: gateway.id }, header: ifMatch(gateway.version) },
              // None lifts a limit that was there.
              body: { ...both, max_concurrent_calls: whole(calls) ?? 0, max_calls_per_second: whole(rate) ?? 0 },
            }),
          )
        : ok(
            api.POST("/tenant/v1/gateways", {
              body: {
                ...both,
                fqdn: fqdn.trim(),
                address: address.trim(),
                transport,
                match_port: matchPort,
                sources: sources.split(/[\s,;]+/).filter(Boolean),
                max_concurrent_calls: whole(calls),
                max_calls_per_second: whole(rate),
              },
            }),
          );
    },
    (saved) =>
      onDone(
        gateway
          ? `${saved.fqdn} is saved.`
          : `${saved.fqdn} is there${saved.enabled ? "" : ", drained: enable it once it is tested"}.`,
      ),
  );
  const remove = useWrite(
    (gone: Gateway) =>
      ok(
        api.DELETE("/tenant/v1/gateways/{gateway_id}", {
          params: { path: { gateway_id: gone.id }, header: ifMatch(gone.version) },
        }),
      ),
    (gone) => onDone(`${gone.fqdn} is deleted.`),
  );
  const busy = save.isPending || remove.isPending;
  return (
    <FormDialog
      title={gateway?.fqdn ?? "Add a gateway"}
      submit={gateway ? "Save" : "Add"}
      error={save.error ?? remove.error}
      busy={busy}
      onSubmit={() => {
        remove.reset();
        save.mutate();
      }}
      onClose={onClose}
      actions={
        gateway && (
          <Button
            disabledFocusable={busy}
            onClick={() => {
              save.reset();
              remove.mutate(gateway);
            }}
          >
            Delete
          </Button>
        )
      }
    >
      {gateway ? (
        <Facts
          facts={[
            ["Address", `${gateway.address}, ${gateway.transport.toUpperCase()}`],
            ["Also sends from", gateway.sources.join(", ")],
            ["Told apart by port", gateway.match_port ? "Yes" : null],
            ["Longest URI", `${gateway.max_uri} bytes`],
          ]}
        />
      ) : (
        <>
          <Pair>
            <Text label="Name" required placeholder="sbc1.contoso.example" value={fqdn} onChange={setFqdn} />
            <Text label="Address and port" required placeholder="192.0.2.10:5060" value={address} onChange={setAddress} />
            <Choice
              label="Transport"
              value={transport}
              onChange={setTransport}
              options={[
                ["udp", "UDP"],
                ["tcp", "TCP"],
              ]}
            />
            <Text label="Also sends from" placeholder="Further addresses" value={sources} onChange={setSources} />
          </Pair>
          <Checkbox
            label="It shares its address with others, and is told apart by its port"
            checked={matchPort}
            onChange={(_, data) => setMatchPort(data.checked === true)}
          />
        </>
      )}
      <Pair>
        <Text label="Country (two letters)" required value={country} onChange={setCountry} />
        <Text label="Next gateway after, seconds" type="number" value={failover} onChange={setFailover} />
      </Pair>
      <FieldGroup legend="Limits over all edges, both ways">
        <Pair>
          <Text label="Most calls at once" type="number" placeholder="No limit" value={calls} onChange={setCalls} />
          <Text label="Most new calls in a second" type="number" placeholder="No limit" value={rate} onChange={setRate} />
        </Pair>
      </FieldGroup>
      <Checkbox
        label="Send OPTIONS and watch the answers"
        checked={options}
        onChange={(_, data) => setOptions(data.checked === true)}
      />
      <Checkbox
        label="It bears one early dialog of a call only"
        checked={oneEarly}
        onChange={(_, data) => setOneEarly(data.checked === true)}
      />
      <Checkbox label="Enabled" checked={enabled} onChange={(_, data) => setEnabled(data.checked === true)} />
      <Body1>Drained, calls that stand live on and new ones go elsewhere; it may bring calls all the same.</Body1>
    </FormDialog>
  );
}
