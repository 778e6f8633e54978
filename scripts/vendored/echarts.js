// The parts of ECharts that dashboards/static/plot.js draws with, and no more.
import { BarChart } from "echarts/charts";
import { AriaComponent, GridComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([AriaComponent, BarChart, GridComponent, SVGRenderer, TooltipComponent]);

window.echarts = { init };
