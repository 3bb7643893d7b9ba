import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';
import { setCurrentDetails, upsertMemo, upsertSearchAttributes } from '@temporalio/workflow';
import { formatSize } from '../domain/format-size.ts';
import type { NodeId } from '../domain/ids.ts';
import {
  hasPullEnded,
  pulledShare,
  waitingPull,
  type ModelPull,
  type NodePull,
  type PullReport,
} from '../domain/model-pull.ts';
import { PULL_REPORT_MEMO, SEARCH_ATTRIBUTES } from './contract.ts';

/** What is known of each host of a pull, shown in the Web UI. */
export interface PullBoard {
  readonly report: () => PullReport;
  readonly isOpen: (nodeId: NodeId) => boolean;
  /** True while some host is at it. */
  readonly hasOpen: () => boolean;
  readonly change: (nodeId: NodeId, change: Partial<NodePull>) => void;
  /** News from the host; what comes after its end is old. */
  readonly hear: (news: NodePull) => void;
  /** Tells those who search for pulls. */
  readonly publish: (status: ModelPull['status']) => void;
}

const STATE_KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.state, SearchAttributeType.KEYWORD);
const NODES_KEY = defineSearchAttributeKey(SEARCH_ATTRIBUTES.nodes, SearchAttributeType.KEYWORD_LIST);

export function createPullBoard(model: string): PullBoard {
  const pulls = new Map<NodeId, NodePull>();
  const report = (): PullReport => ({ model, nodes: [...pulls.values()] });
  const put = (pull: NodePull): void => {
    pulls.set(pull.nodeId, pull);
    setCurrentDetails(describeReport(report()));
  };
  const isOpen = (nodeId: NodeId): boolean => {
    const pull = pulls.get(nodeId);
    return pull !== undefined && !hasPullEnded(pull);
  };
  return {
    report,
    isOpen,
    hasOpen: () => [...pulls.keys()].some(isOpen),
    change: (nodeId, change) => put({ ...(pulls.get(nodeId) ?? waitingPull(nodeId)), ...change }),
    hear: (news) => {
      if (isOpen(news.nodeId)) put(news);
    },
    publish(status) {
      upsertSearchAttributes([
        { key: STATE_KEY, value: status },
        { key: NODES_KEY, value: [...pulls.keys()] },
      ]);
      // Readers of a pull that has ended need no worker for it.
      if (status !== 'running') upsertMemo({ [PULL_REPORT_MEMO]: report() });
    },
  };
}

/** The hosts as a Markdown table for the Web UI. */
function describeReport({ model, nodes }: PullReport): string {
  const rows = nodes.map((pull) => {
    const problem = pull.problem?.replaceAll('|', '\\|') ?? pull.status;
    return `| ${pull.nodeId} | ${pull.state} | ${describeBytes(pull)} | ${problem} |`;
  });
  return [`Pulling **${model}**`, '', '| host | state | fetched | |', '|---|---|---|---|', ...rows].join('\n');
}

function describeBytes(pull: NodePull): string {
  const share = pulledShare(pull);
  return share === null ? '' : `${Math.floor(share * 100)} % of ${formatSize(pull.totalBytes ?? 0)}`;
}
