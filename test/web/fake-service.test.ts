// The fake keeps the contract of the service, so what web's tests show with it is true of lab.
import { describeService } from '../instances/service-contract.ts'
import { createFakeService } from './fake-service.ts'

describeService('the fake service', async () => {
  const fake = createFakeService({ projects: ['foo', 'bar'], max: 3 })
  return {
    service: fake,
    becomesReady: async (id) => fake.change(id, { state: 'ready' }),
    killAgent: async (id) => fake.die(id),
    finishesStop: async (id) => fake.swept(id),
    removeFolder: (project) => fake.removeProject(project),
    dispose: async () => {},
  }
})
