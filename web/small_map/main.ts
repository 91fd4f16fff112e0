/** Small maps, on pages about one alert, one wearer or one incident. */

import { smallMaps } from "../map/small";

smallMaps();
