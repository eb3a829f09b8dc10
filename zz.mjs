import { pipeline } from 'siglip-ts/worker';
const c = await pipeline('zero-shot-image-classification');
console.log(c.task, await c('fixtures/images/cat.jpg', ['cat','dog']));
await c('nothing.jpg', ['a']).catch(e => console.log(e instanceof Error, e.message.slice(-60), e.stack.split('\n')[1]));
const f = await pipeline('image-feature-extraction');
const t = await f('fixtures/images/cat.jpg', { pool: true, return_tensors: true });
console.log(t, (await t.data()).length);
if (process.argv[2]) { await c.dispose(); await f.dispose(); console.log('disposed') }
