/** A Hydra process that owns a Temporal server, for tests that kill it: `temporal-owner.ts <folder> <port> <uiPort>`. */
import { startOwnTemporal } from './own-temporal.ts';

const [folder = '', port = '', uiPort = ''] = process.argv.slice(2);
const server = await startOwnTemporal({ folder, port: Number(port), uiPort: Number(uiPort) });
process.stdout.write(`${JSON.stringify({ pid: server.pid, relation: server.relation })}\n`);
